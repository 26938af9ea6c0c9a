"""Lists of movies by boosted trees that rank the candidates of several sources."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.backend import load_lightgbm
from models_ml.fitting.ids import Ids, Values, codes_of, ids_and_ratings, ids_of
from models_ml.fitting.recipe import Outcome, Recipe, Task
from models_ml.fitting.saving import SavedModel
from models_ml.fitting.training import fit_trees, trees_from_bytes, trees_to_bytes
from models_ml.lists.ease import EASE, item_weights
from models_ml.lists.follow import follow_scores, follow_weights, recencies
from models_ml.lists.listing import (
    LENGTH,
    best,
    blocks,
    blocks_of_pairs,
    columns_to_score,
    first_unseen,
    list_users,
    recommendations,
    top_n,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SECONDS_PER_YEAR = 365.25 * 86_400

# What a row of the trees holds, and whether more of it can only raise (1) or lower (-1) the score.
# That a source's opinion has one sign is true, and spares learning it from few labels.
FEATURES = {
    "like_score": 1,
    "like_rank": -1,
    "seen_score": 1,
    "seen_rank": -1,
    "follow_score": 1,
    "follow_rank": -1,
    "popularity_rank": 0,
    "movie_likes": 0,
    "movie_ratings": 0,
    "movie_mean": 0,
    "user_likes": 0,
    "user_ratings": 0,
    "user_mean": 0,
    "genre_share": 0,
    "release_year": 0,
    "years_after_liked": 0,
    "popularity_above_liked": 0,
    "movie_age": 0,
    "years_in_data": 0,
}


@dataclass(frozen=True)
class Pool:
    """What the sources offer to some users.

    The movies are the first of ``source_.movie_ids_``, at least all those that can be offered.

    Attributes:
        rated: The users' histories, shape (users, movies), sparse.
        asked_at: When each user asks, in years since 1970, shape (users,); NaN without times.
        likes: The scores of EASE on likes, shape (users, movies).
        seen: The scores of EASE on all ratings, shape (users, movies).
        follows: The scores of what follows what was rated last, shape (users, movies).
        ranks: Each source's ranks from 1, shape (sources, users, movies): likes, seen, follows,
            popularity; movies that a source does not offer share the rank after its last.
        is_candidate: Whether any source offers the movie, shape (users, movies).
    """

    rated: "csr_array"
    asked_at: Values
    likes: NDArray[np.float32]
    seen: NDArray[np.float32]
    follows: NDArray[np.float32]
    ranks: NDArray[np.int32]
    is_candidate: NDArray[np.bool_]


class Ranker(SavedModel):
    """Boosted trees over the candidates of two EASE, of what follows what, and of popularity.

    One EASE learns from likes, the other from all ratings: what people watch, liked or not, by the
    same closed form over the same movies. The third source counts what is rated soon after what.
    From the sources' scores and ranks, and from what movie and user are like, trees tell the chance
    that a candidate comes to be liked: candidates first, then ranking, as in Covington, Adams and
    Sargin, Deep neural networks for YouTube recommendations, RecSys 2016. Labels are what users
    liked next, after each of several cuts through their ratings by time, where lists are asked for
    what comes next, or else the validation rows: the trees learn from sources that have not seen
    them. Then the sources are fitted again, on all rows. The loss is the logistic one: on
    validation rows, with so few labels, LambdaMART did not do better.

    Args:
        liked_from: The stars from which on a movie is liked.
        regularisation: The weight of the squared weights of EASE on likes.
        seen_regularisation: The same of EASE on all ratings.
        min_likes: Likes that a movie needs to be in either EASE.
        max_movies: Movies in either EASE at most, the most liked ones.
        candidates: Movies that each EASE, and what follows what, offers a user.
        popular_candidates: Movies that popularity offers, the most liked ones.
        cuts: Shares of a user's ratings, by time, after which the next ones are labels.
        horizon: The share of the ratings that are the next ones.
        max_users: Users from whose candidates the trees learn at most, drawn at random.
        n_estimators: Number of trees.
        num_leaves: Leaves of a tree at most.
        min_child_samples: Candidates in a leaf at least.
        learning_rate: The weight of each tree.
        random_state: Seed of the rows and features that each tree sees.

    Attributes:
        source_: EASE on likes.
        seen_weights_: The weights of EASE on all ratings, over the same movies, float32.
        follow_weights_: How much each of these speaks for which to come next, float32.
        recency_: How much each of ``source_.rated_`` counts for that, float32.
        like_counts_: How many like each movie, shape (movies,).
        release_years_: Shape (movies,); NaN where a movie has none.
        genres_: 1 where a movie has a genre, shape (movies, genres).
        first_rated_at_: When each movie was first rated, in years since 1970, shape (movies,).
        asked_at_: When each user was last seen, in years since 1970, shape (users + 1,); in the
            last position, for users who are not known, when anybody was.
        trees_: LightGBM's text of the trees, as bytes.
        limits_: ``fitted_users`` where the trees learnt from some users only; not saved.
    """

    state: ClassVar = (
        *(
            "seen_weights_",
            "follow_weights_",
            "recency_",
            "like_counts_",
            "release_years_",
            "genres_",
        ),
        *("first_rated_at_", "asked_at_", "trees_"),
    )
    nested: ClassVar = {"source_": EASE}

    def __init__(
        self,
        liked_from: float = 4.0,
        regularisation: float = 100.0,
        seen_regularisation: float = 300.0,
        min_likes: int = 3,
        max_movies: int = 6_000,
        candidates: int = 100,
        popular_candidates: int = 50,
        cuts: tuple[float, ...] = (0.8, 0.65),
        horizon: float = 0.2,
        max_users: int = 20_000,
        n_estimators: int = 150,
        num_leaves: int = 7,
        min_child_samples: int = 100,
        learning_rate: float = 0.06,
        random_state: int = 0,
    ) -> None:
        self.liked_from = liked_from
        self.regularisation = regularisation
        self.seen_regularisation = seen_regularisation
        self.min_likes = min_likes
        self.max_movies = max_movies
        self.candidates = candidates
        self.popular_candidates = popular_candidates
        self.cuts = cuts
        self.horizon = horizon
        self.max_users = max_users
        self.n_estimators = n_estimators
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        movies: pd.DataFrame,
        genres: pd.DataFrame,
        asks_next: bool = False,
        asked_now: bool = False,
    ) -> "Ranker":
        """Fit the trees to what sources have not seen, then the sources to all rows.

        Args:
            train: Ratings: ``user_id``, ``movie_id``, ``rating``, ``rated_at`` or nulls there.
            validation: Ratings of the same form.
            movies: ``movie_id``, ``release_year``.
            genres: One row per movie and genre: ``movie_id``, ``genre``.
            asks_next: Whether lists are to say what users rate next, where ratings have times; if
                not, what else they rate, as in the validation rows.
            asked_now: Whether lists are asked for at the end of the data, and not at each user's
                last rating.

        Returns:
            The model itself.
        """
        known = pd.concat([train, validation], ignore_index=True)
        asks_next = asks_next and bool(known["rated_at"].notna().all())
        self.limits_: dict[str, int] = {}
        examples = []
        for before, after in self._cuts(known) if asks_next else [(train, validation)]:
            self._fit_sources(before, movies, genres)
            examples.append(self._examples(after))
        self._fit_trees(examples)
        self._fit_sources(known, movies, genres)
        if asked_now:
            self.asked_at_[:] = self.asked_at_[-1]
        return self

    def predict(self, X: Ids) -> Values:  # noqa: N803 (scikit-learn's name)
        """Score movies for users; ``X`` of shape (rows, 2), a user's and a movie's id in each.

        Returns:
            Chances that the user likes the movie next, shape (rows,), of which only the order for
            one user means something; 0 for movies that are not known.
        """
        trees = trees_from_bytes(self.trees_)
        predicted = np.zeros(len(X))
        for users, pairs, rows, columns in blocks_of_pairs(X, self.source_.movie_ids_):
            if len(pairs):
                pool = self._pool(users, all_movies=True)
                features = self._features(pool, rows, columns)
                predicted[pairs] = trees.predict(features)
        return predicted

    def recommend(self, user_ids: Ids, n: int = LENGTH, with_causes: bool = True) -> pd.DataFrame:
        """List the best of the candidates, none of which a user has rated.

        Args:
            user_ids: The users, shape (users,).
            n: Movies per user, no more than each EASE offers.
            with_causes: Whether to say what spoke for each movie.

        Returns:
            One row per user and movie: ``user_id``, ``rank`` (from 1), ``movie_id``, ``score``,
            and ``because`` (the ids of up to two liked movies that add most to the score of EASE).
        """
        trees = trees_from_bytes(self.trees_)
        lists = []
        for users in blocks(user_ids):
            pool = self._pool(users)
            rows, columns = pool.is_candidate.nonzero()
            scores = trees.predict(self._features(pool, rows, columns))
            # Where the trees see no difference, EASE and popularity do.
            order = np.lexsort((columns, -pool.likes[rows, columns], rows))
            chosen = best(rows[order], columns[order], scores[order], n)
            all_scores = np.zeros(pool.likes.shape)
            all_scores[rows, columns] = scores
            chosen_scores = all_scores[chosen.rows, chosen.movies]
            lists.append(self.source_.lists(users, pool.rated, chosen, chosen_scores, with_causes))
        return pd.concat(lists, ignore_index=True)

    def _fit_sources(
        self, ratings: pd.DataFrame, movies: pd.DataFrame, genres: pd.DataFrame
    ) -> None:
        source = self.source_ = EASE(
            liked_from=self.liked_from,
            regularisation=self.regularisation,
            min_likes=self.min_likes,
            max_movies=self.max_movies,
            random_state=self.random_state,
        ).fit(*ids_and_ratings(ratings))
        known = source.movie_ids_
        rated = source.histories_of(source.user_ids_)
        self.seen_weights_ = item_weights(self._seen(rated), self.seen_regularisation)
        self._fit_sequences(ratings)
        is_liked = source.stars_ >= self.liked_from
        self.like_counts_ = np.bincount(source.rated_[is_liked], minlength=len(known))
        years = movies.set_index("movie_id")["release_year"].reindex(known)
        self.release_years_ = years.to_numpy(np.float64, na_value=np.nan)
        table = pd.crosstab(genres["movie_id"], genres["genre"]).reindex(known, fill_value=0)
        self.genres_ = table.to_numpy(np.float32)
        rated_at = (ratings["rated_at"] - pd.Timestamp(0)).dt.total_seconds() / SECONDS_PER_YEAR
        times = rated_at.to_numpy(np.float64)
        ids = ids_of(ratings)
        self.first_rated_at_ = np.full(len(known), np.nan)
        np.fmin.at(self.first_rated_at_, codes_of(ids[:, 1], known), times)
        self.asked_at_ = np.full(len(source.user_ids_) + 1, np.nan)
        np.fmax.at(self.asked_at_, codes_of(ids[:, 0], source.user_ids_), times)
        self.asked_at_[-1] = np.fmax.reduce(times, initial=np.nan)

    def _fit_sequences(self, ratings: pd.DataFrame) -> None:
        """Count what follows what. Ratings without times say nothing of it."""
        source = self.source_
        timed = _by_time(ratings[ratings["rated_at"].notna()])
        users = codes_of(timed["user_id"].to_numpy(np.int64), source.user_ids_)
        movies = codes_of(timed["movie_id"].to_numpy(np.int64), source.movie_ids_)
        self.follow_weights_ = follow_weights(users, movies, len(source.weights_))
        recency = np.zeros(len(source.rated_), np.float32)
        owners = np.repeat(np.arange(len(source.user_ids_)), np.diff(source.indptr_)[:-1])
        cells = owners * len(source.movie_ids_) + source.rated_
        order = np.argsort(cells)
        places = np.searchsorted(cells, users * len(source.movie_ids_) + movies, sorter=order)
        recency[order[places]] = recencies(users)
        self.recency_ = recency

    def _cuts(self, known: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Divide each user's ratings by time at each cut, and give those before and those next."""
        known = _by_time(known)
        by_user = known.groupby("user_id")["movie_id"]
        position, count = by_user.cumcount(), by_user.transform("size")
        for cut in self.cuts:
            start, end = np.floor(cut * count), np.floor((cut + self.horizon) * count + 1e-9)
            yield known[position < start], known[(position >= start) & (position < end)]

    def _fit_trees(self, examples: list[tuple[NDArray[np.float32], NDArray[np.int64]]]) -> None:
        features, labels = (np.concatenate(parts) for parts in zip(*examples, strict=True))
        if not len(labels):
            # LightGBM refuses an empty table: equal rows make trees without branches.
            features, labels = np.zeros((2, len(FEATURES)), np.float32), np.zeros(2, np.int64)
        params = {
            "objective": "binary",
            "num_leaves": self.num_leaves,
            "min_child_samples": self.min_child_samples,
            "learning_rate": self.learning_rate,
            "colsample_bytree": 0.7,
            "subsample": 0.8,
            "reg_lambda": 5.0,
            "monotone_constraints": list(FEATURES.values()),
        }
        data = load_lightgbm().Dataset(features, labels, feature_name=list(FEATURES))
        trees = fit_trees(params, self.n_estimators, self.random_state, data)
        self.trees_ = trees_to_bytes(trees)

    def _examples(self, validation: pd.DataFrame) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Take the candidates of those who liked one: features, and 1 for a liked one."""
        liked = self._drawn(ids_of(validation[validation["rating"] >= self.liked_from]))
        features = [np.empty((0, len(FEATURES)), np.float32)]
        labels = [np.empty(0, np.int64)]
        for users, _, rows, columns in blocks_of_pairs(liked, self.source_.movie_ids_):
            pool = self._pool(users)
            is_liked = np.zeros_like(pool.is_candidate, np.int64)
            can_be_offered = columns < pool.likes.shape[1]
            is_liked[rows[can_be_offered], columns[can_be_offered]] = 1
            # Those who liked no candidate say nothing of the order of candidates.
            pool.is_candidate[~(is_liked * pool.is_candidate).any(axis=1)] = False
            candidates = pool.is_candidate.nonzero()
            features.append(self._features(pool, *candidates))
            labels.append(is_liked[candidates])
        return np.concatenate(features), np.concatenate(labels)

    def _drawn(self, liked: Ids) -> Ids:
        """Draw ``max_users`` users, and take their rows, shape (rows, 2)."""
        users = np.unique(liked[:, 0])
        generator = np.random.default_rng(self.random_state)
        if len(users) > self.max_users:
            users = generator.choice(users, self.max_users, replace=False)
            self.limits_["fitted_users"] = self.max_users
        return liked[np.isin(liked[:, 0], users)]

    def _pool(self, users: Ids, all_movies: bool = False) -> Pool:
        """Ask the sources for a block of users, shape (users,)."""
        rated = self.source_.histories_of(users)
        lengths = (*[self.candidates] * 3, self.popular_candidates)
        if not all_movies:
            modelled = len(self.seen_weights_)
            rated = rated[:, : columns_to_score(modelled, rated, max(lengths))]
        likes = self.source_.scores(rated)
        seen = np.zeros_like(likes)
        seen[:, : len(self.seen_weights_)] = self._seen(rated) @ self.seen_weights_
        follows = np.zeros_like(likes)
        follows[:, : len(self.follow_weights_)] = follow_scores(
            self._recent(users), self.follow_weights_
        )
        offers = (
            top_n(likes.copy(), rated, self.candidates),
            top_n(seen.copy(), rated, self.candidates),
            top_n(follows.copy(), rated, self.candidates),
            first_unseen(rated, self.popular_candidates),
        )
        ranks = np.empty((len(offers), *likes.shape), np.int32)
        for of_source, offered, length in zip(ranks, offers, lengths, strict=True):
            of_source[:] = length + 1
            of_source[offered.rows, offered.movies] = offered.ranks
        is_candidate = np.zeros(likes.shape, bool)
        for offered in offers:
            is_candidate[offered.rows, offered.movies] = True
        asked_at = self.asked_at_[codes_of(users, self.source_.user_ids_)]
        return Pool(rated, asked_at, likes, seen, follows, ranks, is_candidate)

    def _recent(self, users: Ids) -> "csr_array":
        """Weigh the users' ratings by how recent they are, shape (users, movies), sparse."""
        from scipy.sparse import csr_array

        source = self.source_
        shape = (len(source.user_ids_) + 1, len(source.movie_ids_))
        recent = csr_array((self.recency_, source.rated_, source.indptr_), shape=shape)
        return recent[codes_of(users, source.user_ids_)]

    def _seen(self, rated: "csr_array") -> "csr_array":
        seen = rated[:, : len(self.source_.weights_)].copy()
        seen.data = np.ones_like(seen.data)
        return seen

    def _features(
        self, pool: Pool, rows: NDArray[np.int64], movies: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Make the columns of ``FEATURES`` for pairs of a pool's users and movies.

        Args:
            pool: What the sources offer to the users.
            rows: The users as positions in the pool, shape (pairs,).
            movies: The movies as positions in ``source_.movie_ids_``, shape (pairs,).

        Returns:
            Shape (pairs, features).
        """
        known = slice(pool.likes.shape[1])
        liked = pool.rated.copy()
        liked.data = (liked.data >= self.liked_from).astype(np.float32)
        user_likes = liked.sum(axis=1)
        rating_counts = np.diff(pool.rated.indptr)
        with np.errstate(invalid="ignore"):
            # Who likes nothing has no means of likes, and who rated nothing no mean rating: NaN,
            # which trees know.
            genre_shares = (liked @ self.genres_[known]) / user_likes[:, None]
            all_years = self.release_years_[known]
            liked_year = (
                liked
                @ np.nan_to_num(all_years)
                / (liked @ np.isfinite(all_years).astype(np.float32))
            )
            log_counts = np.log(self.source_.rating_counts_[known]).astype(np.float32)
            liked_popularity = liked @ log_counts / user_likes
            user_means = pool.rated.sum(axis=1) / rating_counts
        years = self.release_years_[movies]
        columns = {
            "like_score": pool.likes[rows, movies],
            "like_rank": pool.ranks[0, rows, movies],
            "seen_score": pool.seen[rows, movies],
            "seen_rank": pool.ranks[1, rows, movies],
            "follow_score": pool.follows[rows, movies],
            "follow_rank": pool.ranks[2, rows, movies],
            "popularity_rank": pool.ranks[3, rows, movies],
            "movie_likes": self.like_counts_[movies],
            "movie_ratings": self.source_.rating_counts_[movies],
            "movie_mean": self.source_.mean_ratings_[movies],
            "user_likes": user_likes[rows],
            "user_ratings": rating_counts[rows],
            "user_mean": user_means[rows],
            "genre_share": np.einsum("ij,ij->i", genre_shares[rows], self.genres_[movies])
            / np.maximum(self.genres_[movies].sum(axis=1), 1),
            "release_year": years,
            "years_after_liked": years - liked_year[rows],
            "popularity_above_liked": log_counts[movies] - liked_popularity[rows],
            "movie_age": 1970 + pool.asked_at[rows] - years,
            "years_in_data": pool.asked_at[rows] - self.first_rated_at_[movies],
        }
        return np.column_stack([columns[name] for name in FEATURES]).astype(np.float32)


def _by_time(ratings: pd.DataFrame) -> pd.DataFrame:
    """Sort ratings by user, and each user's by time; those of one moment by movie."""
    return ratings.sort_values(["user_id", "rated_at", "movie_id"], ignore_index=True)


def train(task: Task, kind: type[Ranker] = Ranker) -> Outcome:
    """Fit the trees to rows that the sources have not seen, the sources to all, and list movies."""
    model = kind(**task.params, random_state=task.seed)
    model.fit(
        task.parts.train,
        task.parts.validation,
        task.marts["core.dim_movies"],
        task.marts["core.bridge_movie_genres"],
        asks_next=task.protocol in ("last", "serving"),
        asked_now=task.protocol == "serving",
    )
    lists = model.recommend(list_users(task), with_causes=task.protocol == "serving")
    note = f"{model.n_estimators} trees over four sources, lists for {lists['user_id'].nunique():,}"
    results = {"recommendations": recommendations(task, lists, model.source_.stars_of)}
    return Outcome(model, results, note, model.source_.limits_ | model.limits_)


RECIPE = Recipe(
    name="ranker",
    role="lists",
    description="Boosted trees that rank candidates of EASE, of sequences and of popularity.",
    model=Ranker,
    marts=("core.dim_movies", "core.bridge_movie_genres"),
    train=train,
    serving_rank=1,
)
