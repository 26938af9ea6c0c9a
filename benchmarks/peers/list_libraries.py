"""What other libraries fit and list, with the settings that serve them best on these data."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd

from models_ml.fitting.ids import Ids, Values, codes_of, ids_and_ratings
from models_ml.lists.listing import LENGTH, blocks, popularity, top_n

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Settings = dict[str, Any]

Scores = Callable[[Ids], Values]
"""Scores all movies for users, given as rows of the matrix that was fitted: (users, movies)."""


@dataclass(frozen=True)
class Library:
    """One model of a library.

    Attributes:
        words: Its name in the result.
        fit: Fits it to a matrix that has 1 where a user liked a movie, of shape (users, movies),
            with its settings.
        settings: The settings, and two of the matrix: ``liked_from``, the stars from which on a
            movie is liked, and ``min_likes``, the likes that a movie needs to be in the matrix.
        ranges: What a trial of Optuna chooses the model's own settings from.
    """

    words: str
    fit: Callable[..., Scores]
    settings: Settings
    ranges: Callable[[Any], Settings]


def most_rated(likes: "csr_array") -> Scores:
    """Score all movies the same, so that they stay in the order of popularity."""
    return lambda users: np.zeros((len(users), likes.shape[1]))


def implicit_als(likes: "csr_array", **settings: Any) -> Scores:
    """Fit implicit's alternating least squares."""
    from implicit.als import AlternatingLeastSquares  # type: ignore[import-not-found]
    from scipy.sparse import csr_matrix

    model = AlternatingLeastSquares(random_state=0, **settings)
    model.fit(csr_matrix(likes), show_progress=False)
    return lambda users: np.asarray(model.user_factors[users] @ model.item_factors.T)


def implicit_bm25(likes: "csr_array", **settings: Any) -> Scores:
    """Fit implicit's nearest neighbours, weighed by BM25."""
    from implicit.nearest_neighbours import BM25Recommender  # type: ignore[import-not-found]
    from scipy.sparse import csr_matrix

    model = BM25Recommender(**settings)
    model.fit(csr_matrix(likes), show_progress=False)
    return lambda users: np.asarray((likes[users] @ model.similarity).toarray())


def irspack(name: str) -> Callable[..., Scores]:
    """Name a model of irspack, and give what fits it."""

    def fit(likes: "csr_array", **settings: Any) -> Scores:
        import irspack  # type: ignore[import-not-found]
        from scipy.sparse import csr_matrix

        model = getattr(irspack, name)(csr_matrix(likes), **settings).learn()
        return lambda users: np.asarray(model.get_score(users))

    return fit


LIBRARIES: dict[str, Library] = {
    "most_rated": Library("most rated", most_rated, {}, lambda trial: {}),
    "implicit_als": Library(
        "implicit: ALS",
        implicit_als,
        {
            **{"liked_from": 4.0, "min_likes": 3},
            **{"factors": 25, "regularization": 6.5, "alpha": 1.5, "iterations": 8},
        },
        lambda trial: {
            "factors": trial.suggest_int("factors", 8, 128, log=True),
            "regularization": trial.suggest_float("regularization", 1e-3, 30, log=True),
            "alpha": trial.suggest_float("alpha", 0.3, 30, log=True),
            "iterations": trial.suggest_int("iterations", 5, 40, log=True),
        },
    ),
    "implicit_bm25": Library(
        "implicit: nearest neighbours, BM25",
        implicit_bm25,
        {"liked_from": 3.5, "min_likes": 3, "K": 507, "K1": 1.84, "B": 0.389},
        lambda trial: {
            "K": trial.suggest_int("K", 10, 1000, log=True),
            "K1": trial.suggest_float("K1", 0.1, 100, log=True),
            "B": trial.suggest_float("B", 0, 1),
        },
    ),
    "irspack_ials": Library(
        "irspack: iALS",
        irspack("IALSRecommender"),
        {
            **{"liked_from": 3.5, "min_likes": 3},
            **{"n_components": 114, "alpha0": 0.158, "reg": 0.0188, "train_epochs": 5},
        },
        lambda trial: {
            "n_components": trial.suggest_int("n_components", 8, 128, log=True),
            "alpha0": trial.suggest_float("alpha0", 3e-3, 10, log=True),
            "reg": trial.suggest_float("reg", 1e-6, 0.1, log=True),
            "train_epochs": trial.suggest_int("train_epochs", 4, 32, log=True),
        },
    ),
    "irspack_rp3beta": Library(
        "irspack: RP3beta",
        irspack("RP3betaRecommender"),
        {
            **{"liked_from": 3.5, "min_likes": 3},
            **{"top_k": 442, "beta": 0.0973, "normalize_weight": True},
        },
        lambda trial: {
            "top_k": trial.suggest_int("top_k", 10, 1000, log=True),
            "beta": trial.suggest_float("beta", 0, 1),
            "normalize_weight": trial.suggest_categorical("normalize_weight", [True, False]),
        },
    ),
    "irspack_slim": Library(
        "irspack: SLIM",
        irspack("SLIMRecommender"),
        {
            **{"liked_from": 3.5, "min_likes": 1},
            **{"alpha": 0.131, "l1_ratio": 0.00166, "positive_only": False},
        },
        lambda trial: {
            "alpha": trial.suggest_float("alpha", 1e-3, 1, log=True),
            "l1_ratio": trial.suggest_float("l1_ratio", 1e-3, 0.5, log=True),
            "positive_only": trial.suggest_categorical("positive_only", [True, False]),
        },
    ),
    "irspack_ease": Library(
        "irspack: EASE",
        irspack("DenseSLIMRecommender"),
        {"liked_from": 4.0, "min_likes": 1, "reg": 121.0},
        lambda trial: {"reg": trial.suggest_float("reg", 10, 3000, log=True)},
    ),
    "irspack_edlae": Library(
        "irspack: EDLAE",
        irspack("EDLAERecommender"),
        {"liked_from": 4.0, "min_likes": 3, "reg": 134.0, "dropout_p": 0.329},
        lambda trial: {
            "reg": trial.suggest_float("reg", 1, 3000, log=True),
            "dropout_p": trial.suggest_float("dropout_p", 0.05, 0.9),
        },
    ),
}
"""Models by name.

Their settings are the best of 30 trials each by :mod:`benchmarks.peers.list_tuning`, by nDCG@10 on
a cut of the rows of ml-latest-small that are not tested.
"""


def read_known(warehouse: Path) -> tuple[pd.DataFrame, Ids]:
    """Read what may be fitted of the protocol ``last``, and who is to get a list.

    Returns:
        All ratings that are not tested: ``user_id``, ``movie_id``, ``rating``, ``rated_at``; and
        the users with test rows, ascending.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        known = connection.execute(
            "select user_id, movie_id, rating, rated_at from features.rating_splits"
            " where last_split != 'test' order by user_id, movie_id"
        ).df()
        users = connection.execute(
            "select distinct user_id from features.rating_splits where last_split = 'test'"
            " order by user_id"
        ).fetchnumpy()["user_id"]
    return known, np.asarray(users, np.int64)


def recommend(
    library: Library, known: pd.DataFrame, user_ids: Ids, settings: Settings
) -> pd.DataFrame:
    """Fit a library's model, and list the best movies that users have not rated.

    Args:
        library: The model.
        known: Ratings: ``user_id``, ``movie_id``, ``rating``.
        user_ids: Who gets a list, shape (users,).
        settings: The settings to fit it with, as in :class:`Library`.

    Returns:
        ``user_id``, ``rank`` from 1, ``movie_id``. Movies of equal scores are in the order of their
        number of ratings; those that are not in the matrix come last.
    """
    from scipy.sparse import csr_array
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    lowest = known["rating"].min()
    movie_ids = popularity(known, lowest)["movie_id"].to_numpy(np.int64)
    ids, stars = ids_and_ratings(known)
    everybody = np.union1d(ids[:, 0], user_ids)
    cells = codes_of(ids[:, 0], everybody), codes_of(ids[:, 1], movie_ids)
    rated = csr_array((stars, cells), shape=(len(everybody), len(movie_ids)))
    settings = dict(settings)
    likes = rated.copy()
    likes.data = (likes.data >= settings.pop("liked_from", lowest)).astype(np.float64)
    likes.eliminate_zeros()
    modelled = np.flatnonzero(likes.sum(axis=0) >= settings.pop("min_likes", 1))
    # As for our EASE: on cores that others share, threads of BLAS wait for each other, and implicit
    # has threads of its own
    with threadpool_limits(1, "blas"):
        scores_of = library.fit(likes[:, modelled], **settings)
    lists = []
    for users in blocks(user_ids):
        rows = codes_of(users, everybody)
        scores = np.full((len(users), len(movie_ids)), np.finfo(np.float32).min, np.float32)
        scores[:, modelled] = scores_of(rows)
        chosen = top_n(scores, rated[rows], LENGTH)
        columns = users[chosen.rows], chosen.ranks, movie_ids[chosen.movies]
        lists.append(pd.DataFrame(dict(zip(("user_id", "rank", "movie_id"), columns, strict=True))))
    return pd.concat(lists, ignore_index=True)


def fit(name: str, warehouse: Path, out: Path) -> None:
    """Fit a library's model, and write its lists and seconds."""
    library = LIBRARIES[name]
    known, user_ids = read_known(warehouse)
    began = time.perf_counter()
    lists = recommend(library, known, user_ids, library.settings)
    seconds = time.perf_counter() - began
    out.write_text(json.dumps({"seconds": seconds, "lists": lists.to_numpy().tolist()}))
