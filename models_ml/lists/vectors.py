"""Lists of movies whose vectors agree with the user's."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.ids import Ids, Values, codes_of, ids_and_ratings
from models_ml.fitting.saving import SavedModel
from models_ml.lists.listing import (
    LENGTH,
    blocks,
    blocks_of_pairs,
    columns_to_score,
    histories,
    popularity,
    top_n,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class VectorLists(SavedModel):
    """Scores of movies come from dot products of vectors, the user's and the movie's.

    A movie that is not in the model has the score 0, and equal scores are ordered by popularity:
    the list of somebody with the vector 0 is the most liked movies.

    Attributes:
        movie_ids_: The rated movies, most liked first, shape (movies,).
        movie_vectors_: The vectors of the first, those in the model, (modelled, factors), float32.
        user_ids_: The users, ascending, shape (users,).
        user_vectors_: Their vectors and, last, that of users who are not known, 0, shape
            (users + 1, factors), float32.
        indptr_: Where each user's ratings begin and end in the next one, shape (users + 2,); the
            last range is empty, for users who are not known.
        rated_: The rated movies as positions in ``movie_ids_``, user by user, shape (ratings,).
    """

    state: ClassVar = (
        *("movie_ids_", "movie_vectors_", "user_ids_", "user_vectors_"),
        *("indptr_", "rated_"),
    )

    movie_ids_: Ids
    movie_vectors_: NDArray[np.float32]
    user_ids_: Ids
    user_vectors_: NDArray[np.float32]
    indptr_: NDArray[np.int64]
    rated_: NDArray[np.int64]

    def scores(self, products: Values) -> Values:
        """Turn dot products into scores, both of shape (users, modelled)."""
        return products

    def predict(self, X: Ids) -> Values:  # noqa: N803 (scikit-learn's name)
        """Score movies for users.

        Args:
            X: Ids, shape (rows, 2): a user's and a movie's in each row.

        Returns:
            Scores, shape (rows,); 0 for movies that are not in the model.
        """
        predicted = np.zeros(len(X))
        modelled = self.movie_ids_[: len(self.movie_vectors_)]
        for users, pairs, rows, columns in blocks_of_pairs(X, modelled):
            predicted[pairs] = self._scores_of(users)[rows, columns]
        return predicted

    def recommend(self, user_ids: Ids, n: int = LENGTH) -> pd.DataFrame:
        """List the movies with the best scores that users have not rated.

        Args:
            user_ids: The users, shape (users,); those not known get the most liked movies.
            n: Movies per user.

        Returns:
            One row per user and movie: ``user_id``, ``rank`` (from 1), ``movie_id``, ``score``.
        """
        return pd.concat([self._lists(users, n) for users in blocks(user_ids)], ignore_index=True)

    def keep_histories(self, known: pd.DataFrame, liked_from: float) -> pd.DataFrame:
        """Keep who rated what.

        Args:
            known: Ratings: ``user_id``, ``movie_id``, ``rating``.
            liked_from: The stars from which on a movie is liked.

        Returns:
            The movies in the order of the model, as :func:`popularity` counts them.
        """
        ids, stars = ids_and_ratings(known)
        counts = popularity(known, liked_from)
        self.movie_ids_ = counts["movie_id"].to_numpy(np.int64)
        self.user_ids_ = np.unique(ids[:, 0])
        rated = histories(
            codes_of(ids[:, 0], self.user_ids_),
            codes_of(ids[:, 1], self.movie_ids_),
            stars,
            len(self.movie_ids_),
        )
        self.indptr_, self.rated_ = np.append(rated.indptr, rated.indptr[-1]), rated.indices
        return counts

    def _lists(self, users: Ids, n: int) -> pd.DataFrame:
        rated = self._rated(users)
        rated = rated[:, : columns_to_score(len(self.movie_vectors_), rated, n)]
        scores = np.zeros(rated.shape, np.float32)
        scores[:, : len(self.movie_vectors_)] = self._scores_of(users)
        chosen = top_n(scores, rated, n)
        return pd.DataFrame(
            {
                "user_id": users[chosen.rows],
                "rank": chosen.ranks,
                "movie_id": self.movie_ids_[chosen.movies],
                "score": scores[chosen.rows, chosen.movies].astype(np.float64),
            }
        )

    def _scores_of(self, users: Ids) -> Values:
        vectors = self.user_vectors_[codes_of(users, self.user_ids_)].astype(np.float64)
        return self.scores(vectors @ self.movie_vectors_.T.astype(np.float64))

    def _rated(self, users: Ids) -> "csr_array":
        """Mark what users rated, shape (users, movies), sparse; empty rows for unknown users."""
        from scipy.sparse import csr_array

        shape = (len(self.user_ids_) + 1, len(self.movie_ids_))
        marks = np.ones(len(self.rated_), np.float32)
        rated = csr_array((marks, self.rated_, self.indptr_), shape=shape)
        return rated[codes_of(users, self.user_ids_)]
