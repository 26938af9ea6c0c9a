"""What other libraries fit and predict, with the settings that serve them best on these data."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from models_ml.fitting.backend import load_keras, load_myfm
from models_ml.fitting.ids import Ids, Values
from models_ml.ratings.matrix_factorisation import build_model

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Rows:
    """The rows of a split, as codes from 0: all that is not tested is fitted.

    Attributes:
        train: Users and movies, shape (rows, 2).
        stars: Their ratings, shape (rows,).
        days: Days since 1970, shape (rows,).
        test: Users and movies to predict, shape (tests, 2).
        test_days: Their days.
        n_users, n_movies: How many there are, in both.
    """

    train: Ids
    stars: Values
    days: Ids
    test: Ids
    test_days: Ids
    n_users: int
    n_movies: int


def read_rows(warehouse: Path, protocol: str) -> Rows:
    """Read the rows of a split, sorted by user and movie; test rows come without their ratings."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        frame = connection.execute(
            f"select user_id, movie_id, epoch(rated_at) as seconds,"
            f" case when {protocol}_split != 'test' then rating end as rating"
            f" from features.rating_splits where {protocol}_split is not null"
            " order by user_id, movie_id"
        ).df()
    users, user_ids = pd.factorize(frame["user_id"], sort=True)
    movies, movie_ids = pd.factorize(frame["movie_id"], sort=True)
    codes = np.column_stack([users, movies])
    days = (frame["seconds"].to_numpy() // SECONDS_PER_DAY).astype(np.int64)
    is_test = frame["rating"].isna().to_numpy()
    return Rows(
        train=codes[~is_test],
        stars=frame["rating"].to_numpy()[~is_test],
        days=days[~is_test],
        test=codes[is_test],
        test_days=days[is_test],
        n_users=len(user_ids),
        n_movies=len(movie_ids),
    )


def reference(rows: Rows) -> Values:
    """Fit the reference analysis' dot product as written: Adam, batches of 128, 10 factors.

    A tenth of the rows decides when to stop, as early stopping on test rows would leak.
    """
    keras = load_keras()
    keras.utils.set_random_seed(0)
    network = build_model(rows.n_users, rows.n_movies, 10)
    network.compile("adam", loss="mse")
    order = np.random.default_rng(0).permutation(len(rows.train))

    def inputs(ids: Ids) -> dict[str, Ids]:
        return {"User": ids[:, :1], "Item": ids[:, 1:]}

    network.fit(
        inputs(rows.train[order]),
        rows.stars[order],
        validation_split=0.1,
        batch_size=128,
        epochs=60,
        callbacks=[keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)],
        verbose=0,
    )
    return np.asarray(network.predict(inputs(rows.test), verbose=0)[:, 0], np.float64)


def surprise_svd(rows: Rows) -> Values:
    """Fit Surprise's SVD, 64 factors, 40 epochs."""
    from surprise import SVD, Dataset, Reader  # type: ignore[import-not-found]

    frame = pd.DataFrame(rows.train, columns=["user", "movie"]).assign(rating=rows.stars)
    reader = Reader(rating_scale=(rows.stars.min(), rows.stars.max()))
    model = SVD(n_factors=64, n_epochs=40, random_state=0)
    model.fit(Dataset.load_from_df(frame, reader).build_full_trainset())
    return np.array([model.predict(user, movie).est for user, movie in rows.test.tolist()])


def cmfrec(rows: Rows) -> Values:
    """Fit cmfrec's alternating least squares with biases, 10 factors."""
    from cmfrec import CMF  # type: ignore[import-not-found]

    frame = pd.DataFrame(rows.train, columns=["UserId", "ItemId"]).assign(Rating=rows.stars)
    model = CMF(k=10, lambda_=10.0, niter=15, method="als", verbose=False)
    return np.asarray(model.fit(frame).predict(*rows.test.T), np.float64)


def myfm_plain(rows: Rows) -> Values:
    """Fit myFM to user and movie, 16 factors, 200 draws."""
    return _myfm(rows, with_sets=False, with_days=False)


def myfm_sets(rows: Rows) -> Values:
    """Fit the same with both implicit sets: the user's movies and the movie's users."""
    return _myfm(rows, with_sets=True, with_days=False)


def myfm_sets_days(rows: Rows) -> Values:
    """Fit the same with both sets and the day: Bayesian timeSVD++ flipped."""
    return _myfm(rows, with_sets=True, with_days=True)


def _myfm(rows: Rows, with_sets: bool, with_days: bool) -> Values:
    from scipy import sparse

    myfm = load_myfm()
    users, movies = rows.train.T
    shape = (rows.n_users, rows.n_movies)
    rated = sparse.csr_array((np.ones(len(users)), (users, movies)), shape=shape)
    blocks, sizes = [], []
    for matrix in (rated, rated.T.tocsr()):
        parts = [sparse.eye_array(matrix.shape[0])]
        if with_sets:
            lengths = np.sqrt(np.maximum(matrix.sum(axis=1), 1))
            parts.append(sparse.diags_array(1 / lengths) @ matrix)
        blocks.append(sparse.csr_matrix(sparse.hstack(parts)))
        sizes += [part.shape[1] for part in parts]
    known = np.unique(rows.days)

    def day(days: Ids) -> Any:
        if not with_days:
            return None
        codes = np.searchsorted(known, days)
        is_known = known[np.minimum(codes, len(known) - 1)] == days
        ones = (np.ones(is_known.sum()), (np.flatnonzero(is_known), codes[is_known]))
        return sparse.csr_matrix(sparse.csr_array(ones, shape=(len(days), len(known))))

    def relations(ids: Ids) -> list[Any]:
        return [myfm.RelationBlock(codes, of) for codes, of in zip(ids.T, blocks, strict=True)]

    model = myfm.MyFMRegressor(rank=16, random_seed=0)
    model.fit(
        day(rows.days),
        rows.stars,
        X_rel=relations(rows.train),
        n_iter=200,
        n_kept_samples=180,
        group_shapes=[len(known)] * with_days + sizes,
        callback=lambda *_: (False, None),
    )
    return np.asarray(model.predict(day(rows.test_days), relations(rows.test)))


LIBRARIES: dict[str, tuple[str, Callable[[Rows], Values]]] = {
    "reference": ("the reference's dot product (Keras, 10 factors)", reference),
    "surprise": ("Surprise: SVD, 64 factors", surprise_svd),
    "cmfrec": ("cmfrec: ALS, 10 factors", cmfrec),
    "myfm": ("myFM: user and movie", myfm_plain),
    "myfm_sets": ("myFM: the same with both implicit sets", myfm_sets),
    "myfm_sets_days": ("myFM: both implicit sets and the day", myfm_sets_days),
}
"""Each one's name in the result, and what fits it and predicts the test rows."""

TIME_AWARE = {"myfm_sets_days"}


def fit(name: str, warehouse: Path, protocol: str, out: Path) -> None:
    """Fit a library's model, and write its predictions and seconds."""
    given = read_rows(warehouse, protocol)
    began = time.perf_counter()
    predicted = LIBRARIES[name][1](given)
    seconds = time.perf_counter() - began
    clipped = np.clip(predicted, given.stars.min(), given.stars.max())
    out.write_text(json.dumps({"seconds": seconds, "predictions": clipped.tolist()}))
