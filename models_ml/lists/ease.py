"""Lists of movies by EASE, a linear model of which movies are liked together."""

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.ids import Ids, Values, codes_of, ids_and_ratings
from models_ml.fitting.recipe import Outcome, Recipe, Task
from models_ml.fitting.saving import SavedModel
from models_ml.lists.listing import (
    LENGTH,
    Chosen,
    blocks,
    blocks_of_pairs,
    columns_to_score,
    histories,
    list_users,
    popularity,
    recommendations,
    top_n,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class EASE(SavedModel):
    """Each movie's score is a weighted sum over the movies that the user likes.

    With X the matrix of likes, 1 or 0, the weights B minimise |X - XB|² + ``regularisation`` |B|²
    under a zero diagonal, so that no movie explains itself (Steck, Embarrassingly shallow
    autoencoders for sparse data, WWW 2019). In closed form B = -P / diag(P) column by column, with
    P the inverse of XᵀX + ``regularisation`` I. A user is known to the model by likes alone, so
    that somebody new gets a list without training, from the rows of B of the movies liked.

    A movie with too few likes to be in the model has the score 0, as has every movie for somebody
    who likes none of them. Equal scores are ordered by popularity, so such lists are the most
    liked movies.

    Args:
        liked_from: The stars from which on a movie is liked.
        regularisation: The weight of |B|².
        min_likes: Likes that a movie needs to be in the model.
        max_movies: Movies in the model at most, the most liked ones: the fit takes time with the
            cube of their number, and memory with its square.
        random_state: Of no effect, as nothing is random; part of every model's contract.

    Attributes:
        movie_ids_: The rated movies, most liked first, shape (movies,).
        rating_counts_: How many rated each movie, shape (movies,).
        mean_ratings_: The mean of its ratings in stars, shape (movies,).
        weights_: B of the first movies, those in the model, shape (modelled, modelled), float32:
            what a liked movie (row) adds to the score of another (column).
        user_ids_: The users, ascending, shape (users,).
        indptr_: Where each user's ratings begin and end in the next two, shape (users + 2,); the
            last range is empty, for users who are not known.
        rated_: The rated movies as positions in ``movie_ids_``, user by user, shape (ratings,).
        stars_: The ratings in stars, shape (ratings,), float32.
        limits_: ``fitted_movies`` where more movies have likes enough; not saved.
    """

    state: ClassVar = (
        *("movie_ids_", "rating_counts_", "mean_ratings_", "weights_"),
        *("user_ids_", "indptr_", "rated_", "stars_"),
    )

    def __init__(
        self,
        liked_from: float = 4.0,
        regularisation: float = 100.0,
        min_likes: int = 3,
        max_movies: int = 6_000,
        random_state: int = 0,
    ) -> None:
        self.liked_from = liked_from
        self.regularisation = regularisation
        self.min_likes = min_likes
        self.max_movies = max_movies
        self.random_state = random_state

    def fit(self, X: Ids, y: Values) -> "EASE":  # noqa: N803 (scikit-learn's name)
        """Fit the weights and keep the users' histories.

        Args:
            X: Ids, shape (ratings, 2): a user's and a movie's in each row, no pair twice.
            y: Ratings in stars, shape (ratings,).

        Returns:
            The model itself.
        """
        counts = popularity(pd.DataFrame({"movie_id": X[:, 1], "rating": y}), self.liked_from)
        self.movie_ids_ = counts["movie_id"].to_numpy(np.int64)
        self.rating_counts_ = counts["rating_count"].to_numpy(np.int64)
        self.mean_ratings_ = counts["mean_rating"].to_numpy(np.float64)
        self.user_ids_ = np.unique(X[:, 0])
        rated = histories(
            codes_of(X[:, 0], self.user_ids_),
            codes_of(X[:, 1], self.movie_ids_),
            y,
            len(self.movie_ids_),
        )
        self.indptr_ = np.append(rated.indptr, rated.indptr[-1])
        self.rated_, self.stars_ = rated.indices, rated.data
        modelled = int((counts["like_count"] >= self.min_likes).sum())
        self.limits_ = {}
        if modelled > self.max_movies:
            modelled = self.limits_["fitted_movies"] = self.max_movies
        self.weights_ = item_weights(self._likes(rated, modelled), self.regularisation)
        return self

    def predict(self, X: Ids) -> Values:  # noqa: N803
        """Score movies for users: near 1 where a like is expected, 0 where nothing is known.

        Args:
            X: Ids, shape (rows, 2): a user's and a movie's in each row.

        Returns:
            Scores, shape (rows,); only their order for one user means something.
        """
        predicted = np.zeros(len(X))
        for users, pairs, rows, columns in blocks_of_pairs(X, self.movie_ids_):
            predicted[pairs] = self.scores(self.histories_of(users))[rows, columns]
        return predicted

    def recommend(self, user_ids: Ids, n: int = LENGTH, with_causes: bool = True) -> pd.DataFrame:
        """List the best movies that users have not rated.

        Args:
            user_ids: The users, shape (users,); those not known get the most liked movies.
            n: Movies per user.
            with_causes: Whether to say what spoke for each movie.

        Returns:
            One row per user and movie: ``user_id``, ``rank`` (from 1), ``movie_id``, ``score``,
            and ``because`` (the ids of up to two liked movies that add most to the score).
        """
        lists = [
            self._lists(users, self.histories_of(users), n, with_causes)
            for users in blocks(user_ids)
        ]
        return pd.concat(lists, ignore_index=True)

    def fold_in(self, movie_ids: Ids, ratings: Values, n: int = LENGTH) -> pd.DataFrame:
        """List the best movies for somebody new, without training.

        Args:
            movie_ids: The movies that the person rated, each once, shape (ratings,); movies that
                the model has not seen are left out.
            ratings: Their ratings in stars, shape (ratings,); without any, the list is that of
                the most liked movies.
            n: Movies in the list.

        Returns:
            One row per movie: ``rank`` (from 1), ``movie_id``, ``score``, ``because`` (the ids of
            up to two liked movies that add most to the score).
        """
        movies, stars = np.asarray(movie_ids, np.int64), np.asarray(ratings, np.float64)
        # An entry outside the columns keeps the row where there is no rating.
        columns = np.append(codes_of(movies, self.movie_ids_), len(self.movie_ids_))
        stars = np.append(stars, 0)
        rated = histories(np.zeros_like(columns), columns, stars, len(self.movie_ids_))
        return self._lists(np.zeros(1, np.int64), rated, n).drop(columns="user_id")

    def histories_of(self, user_ids: Ids) -> "csr_array":
        """Take the users' ratings, shape (users, movies), sparse; empty rows for unknown users."""
        from scipy.sparse import csr_array

        shape = (len(self.user_ids_) + 1, len(self.movie_ids_))
        rated = csr_array((self.stars_, self.rated_, self.indptr_), shape=shape)
        return rated[codes_of(user_ids, self.user_ids_)]

    def stars_of(self, user_ids: Ids, movie_ids: Ids) -> NDArray[np.float32]:
        """Look up what users gave movies that they rated, all three of shape (ratings,)."""
        users = np.repeat(np.arange(len(self.user_ids_)), np.diff(self.indptr_)[:-1])
        cells = users * len(self.movie_ids_) + self.rated_
        asked = codes_of(user_ids, self.user_ids_) * len(self.movie_ids_)
        asked += codes_of(movie_ids, self.movie_ids_)
        return np.asarray(self.stars_[np.searchsorted(cells, asked)])

    def scores(self, rated: "csr_array") -> NDArray[np.float32]:
        """Score first movies, at least those in the model, for histories of such a shape."""
        modelled = len(self.weights_)
        scores = np.zeros(rated.shape, np.float32)
        scores[:, :modelled] = self._likes(rated, modelled) @ self.weights_
        return scores

    def lists(
        self,
        users: Ids,
        rated: "csr_array",
        chosen: Chosen,
        scores: NDArray[np.floating],
        with_causes: bool,
    ) -> pd.DataFrame:
        """Name the movies chosen for users, and what spoke for each.

        Args:
            users: The users, shape (users,).
            rated: Their histories, shape (users, movies).
            chosen: The movies, as positions in ``movie_ids_``.
            scores: Their scores, shape (chosen,).
            with_causes: Whether to say what spoke for each.

        Returns:
            As :meth:`recommend`.
        """
        lists = pd.DataFrame(
            {
                "user_id": users[chosen.rows],
                "rank": chosen.ranks,
                "movie_id": self.movie_ids_[chosen.movies],
                "score": scores.astype(np.float64),
            }
        )
        if with_causes:
            causes = self.causes(rated, chosen)
            lists["because"] = [self.movie_ids_[two].tolist() for two in causes]
        return lists

    def causes(self, rated: "csr_array", chosen: Chosen) -> list[NDArray[np.int64]]:
        """Find the liked movies that add most to the scores of chosen ones.

        Args:
            rated: Histories, shape (users, movies).
            chosen: The users' chosen movies.

        Returns:
            For each chosen movie up to two liked movies, the one that adds more first, none that
            adds nothing; all movies are positions in ``movie_ids_``.
        """
        modelled = len(self.weights_)
        likes = self._likes(rated, modelled)
        ends = np.searchsorted(chosen.rows, np.arange(rated.shape[0] + 1))
        causes = []
        for row, (start, end) in enumerate(pairwise(ends)):
            movies = chosen.movies[start:end]
            liked = np.sort(likes.indices[likes.indptr[row] : likes.indptr[row + 1]])
            parts = np.zeros((len(liked), len(movies)), np.float32)
            is_modelled = movies < modelled
            parts[:, is_modelled] = self.weights_[np.ix_(liked, movies[is_modelled])]
            first = np.argsort(-parts, axis=0, kind="stable")[:2]
            causes += [liked[two[parts[two, column] > 0]] for column, two in enumerate(first.T)]
        return causes

    def _likes(self, rated: "csr_array", modelled: int) -> "csr_array":
        likes = rated[:, :modelled].copy()
        likes.data = (likes.data >= self.liked_from).astype(np.float32)
        likes.eliminate_zeros()
        return likes

    def _lists(
        self, users: Ids, rated: "csr_array", n: int, with_causes: bool = True
    ) -> pd.DataFrame:
        rated = rated[:, : columns_to_score(len(self.weights_), rated, n)]
        scores = self.scores(rated)
        chosen = top_n(scores, rated, n)
        chosen_scores = scores[chosen.rows, chosen.movies]
        return self.lists(users, rated, chosen, chosen_scores, with_causes)


def item_weights(likes: "csr_array", regularisation: float) -> NDArray[np.float32]:
    """Solve EASE in closed form.

    Args:
        likes: 1 where a user likes a movie, shape (users, movies), sparse.
        regularisation: The weight of the squared weights, more than 0.

    Returns:
        The weights, shape (movies, movies), with zeros on the diagonal.
    """
    from scipy.linalg import inv
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # Counts are exact in 32 bits, and the regularisation keeps the inverse as exact as lists need.
    gram = (likes.T @ likes).toarray().astype(np.float32)
    diagonal = np.diag_indices_from(gram)
    gram[diagonal] += regularisation
    # One thread gives the same digits whatever their number, and where other work shares the
    # cores it is several times as fast as threads that wait for each other.
    with threadpool_limits(1):
        weights = inv(gram, overwrite_a=True, assume_a="pos") if len(gram) else gram
    weights /= -weights[diagonal]
    weights[diagonal] = 0
    # Scores are sums of rows, which should lie in one piece
    return np.ascontiguousarray(weights)


def train(task: Task) -> Outcome:
    """Fit EASE on the training and validation rows of a protocol, and list movies.

    Its parameters were chosen on validation rows once; a fit chooses nothing.
    """
    parts = task.parts
    rows = pd.concat([parts.train, parts.validation], ignore_index=True)
    model = EASE(**task.params, random_state=task.seed)
    model.fit(*ids_and_ratings(rows))
    task.report("listing movies")
    lists = model.recommend(list_users(task), with_causes=task.protocol == "serving")
    note = f"{len(model.weights_):,} movies in the model, lists for {lists['user_id'].nunique():,}"
    results = {"recommendations": recommendations(task, lists, model.stars_of)}
    return Outcome(model, results, note, model.limits_)


RECIPE = Recipe(
    name="ease",
    role="lists",
    description="EASE, a linear model of which movies are liked together.",
    model=EASE,
    marts=("core.dim_movies",),
    train=train,
    serving_rank=2,
)
