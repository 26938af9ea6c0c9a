"""Time fits of ratings beside the reference's model and other libraries, on the same rows.

``python -m benchmarks.epochs --work FOLDER`` generates 1,048,575 ratings, draws 838,860 of them to
fit, as many as the reference analysis, and writes ``benchmarks/epochs.md``. Libraries that are not
installed are left out, and named there.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import generated, machine
from models_ml.fitting.backend import load_keras
from models_ml.fitting.ids import Ids, Values
from models_ml.fitting.parameters import read_parameters
from models_ml.ratings.embedding_model import EmbeddingModel
from models_ml.ratings.matrix_factorisation import MatrixFactorisation, build_model

RESULT = Path(__file__).with_suffix(".md")

RATINGS, FITTED = 1_048_575, 838_860

PUBLISHED_SECONDS = 30
"""Of an epoch of the reference's model, as its authors printed them."""

REFERENCE_BATCH = 128
FACTORS = 10


@dataclass(frozen=True)
class Rows:
    """The ratings: codes of users and movies, shape (rows, 2), and stars, shape (rows,)."""

    train: tuple[Ids, Values]
    test: tuple[Ids, Values]
    n_users: int
    n_movies: int


@dataclass(frozen=True)
class Fit:
    """What a fit took.

    Attributes:
        name: The model.
        epochs: Passes over the rows.
        epoch_seconds: Seconds of one of them.
        seconds: Seconds of the whole fit.
        rmse: The best error on the rows that are not fitted, in stars; NaN where it predicts none.
        seconds_to: Seconds until the reference's best error; NaN where it was never reached or
            the library does not tell.
    """

    name: str
    epochs: int
    epoch_seconds: float
    seconds: float
    rmse: float
    seconds_to: float = np.nan


def read_rows(data: Path) -> Rows:
    """Read ratings, the last of each user and movie, and draw those to fit."""
    ratings = pd.read_csv(data / "ratings.csv").drop_duplicates(["userId", "movieId"], keep="last")
    users, user_ids = pd.factorize(ratings["userId"], sort=True)
    movies, movie_ids = pd.factorize(ratings["movieId"], sort=True)
    ids, stars = np.column_stack([users, movies]), ratings["rating"].to_numpy(np.float64)
    order = np.random.default_rng(0).permutation(len(ids))
    train, test = order[:FITTED], order[FITTED:]
    return Rows((ids[train], stars[train]), (ids[test], stars[test]), len(user_ids), len(movie_ids))


def reference(rows: Rows) -> tuple[Fit, float]:
    """Fit the reference's model as it is written, by Keras' own loop; and give its best error."""
    keras = load_keras()
    keras.utils.set_random_seed(0)
    network = build_model(rows.n_users, rows.n_movies, FACTORS)
    network.compile("adam", loss="mse")
    seconds: list[float] = []
    began = time.perf_counter()
    stopping = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    noting = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: seconds.append(time.perf_counter() - began)
    )

    def inputs(ids: Ids) -> dict[str, Ids]:
        return {"User": ids[:, :1], "Item": ids[:, 1:]}

    history = network.fit(
        inputs(rows.train[0]),
        rows.train[1],
        validation_data=(inputs(rows.test[0]), rows.test[1]),
        batch_size=REFERENCE_BATCH,
        epochs=30,
        callbacks=[stopping, noting],
        verbose=0,
    )
    losses = history.history["val_loss"]
    best = min(losses)
    fit = Fit(
        f"the reference's model as written (Keras, batches of {REFERENCE_BATCH})",
        len(losses),
        float(np.median(np.diff(seconds))),
        seconds[-1],
        best**0.5,
        seconds[losses.index(best)],
    )
    return fit, best


def ours(name: str, model: Any, rows: Rows, target: float) -> Fit:
    """Fit one of our networks, and tell when its error came down to the target."""
    entities = np.arange(rows.n_users), np.arange(rows.n_movies)
    began = time.perf_counter()
    model.fit(*rows.train, rows.test, entities)
    seconds = time.perf_counter() - began
    history = pd.DataFrame(model.history_)
    # What goes before the first epoch counts too
    passed = history["seconds"].cumsum() + seconds - history["seconds"].sum()
    reached = passed[history["val_loss"] <= target]
    return Fit(
        name,
        len(history),
        float(history["seconds"].median()),
        seconds,
        float(history["val_loss"].min() ** 0.5),
        float(reached.iloc[0]) if len(reached) else np.nan,
    )


def _rmse(predicted: Values, rows: Rows) -> float:
    return float(np.sqrt(np.mean((np.clip(predicted, 0.5, 5) - rows.test[1]) ** 2)))


def _timed(fit: Callable[[], object]) -> float:
    began = time.perf_counter()
    fit()
    return time.perf_counter() - began


def cmfrec(rows: Rows) -> Fit:
    """Alternating least squares with biases."""
    from cmfrec import CMF  # type: ignore[import-not-found]

    columns = ("UserId", "ItemId")
    frame = pd.DataFrame(rows.train[0], columns=columns).assign(Rating=rows.train[1])
    epochs = 15
    model = CMF(k=FACTORS, lambda_=10.0, niter=epochs, method="als", verbose=False)
    seconds = _timed(lambda: model.fit(frame))
    rmse = _rmse(model.predict(*rows.test[0].T), rows)
    return Fit("cmfrec: CMF, ALS", epochs, seconds / epochs, seconds, rmse)


def surprise(rows: Rows) -> Fit:
    """Stochastic gradient descent with biases."""
    from surprise import SVD, Dataset, Reader  # type: ignore[import-not-found]

    frame = pd.DataFrame(rows.train[0], columns=["user", "movie"]).assign(rating=rows.train[1])
    data = Dataset.load_from_df(frame, Reader(rating_scale=(0.5, 5))).build_full_trainset()
    epochs = 20
    model = SVD(n_factors=FACTORS, n_epochs=epochs, random_state=0)
    seconds = _timed(lambda: model.fit(data))
    predicted = [model.estimate(*pair) for pair in _inner(data, rows.test[0])]
    return Fit("Surprise: SVD", epochs, seconds / epochs, seconds, _rmse(np.array(predicted), rows))


def _inner(data: Any, ids: Ids) -> list[tuple[int, int]]:
    users, movies = data._raw2inner_id_users, data._raw2inner_id_items
    return [(users.get(u, f"? {u}"), movies.get(m, f"? {m}")) for u, m in ids.tolist()]


def myfm(rows: Rows) -> Fit:
    """Bayesian factorisation machines, by Gibbs sampling."""
    from myfm import MyFMRegressor  # type: ignore[import-untyped]
    from scipy.sparse import csr_array, hstack

    def design(ids: Ids) -> Any:
        ones, where = np.ones(len(ids)), np.arange(len(ids) + 1)
        users = csr_array((ones, ids[:, 0], where), shape=(len(ids), rows.n_users))
        movies = csr_array((ones, ids[:, 1], where), shape=(len(ids), rows.n_movies))
        return hstack([users, movies], format="csr")

    epochs = 50
    model = MyFMRegressor(rank=FACTORS, random_seed=0)
    seconds = _timed(
        lambda: model.fit(design(rows.train[0]), rows.train[1], n_iter=epochs, n_kept_samples=40)
    )
    rmse = _rmse(model.predict(design(rows.test[0])), rows)
    return Fit("myFM: Gibbs sampling", epochs, seconds / epochs, seconds, rmse)


def implicit(rows: Rows) -> Fit:
    """Alternating least squares on who rated what: it ranks, and predicts no ratings."""
    from implicit.als import AlternatingLeastSquares  # type: ignore[import-not-found]
    from scipy.sparse import csr_matrix

    users, movies = rows.train[0].T
    seen = csr_matrix((np.ones(len(users), np.float32), (users, movies)))
    epochs = 15
    model = AlternatingLeastSquares(factors=FACTORS, iterations=epochs, random_state=0)
    seconds = _timed(lambda: model.fit(seen, show_progress=False))
    return Fit("implicit: ALS (ranks only)", epochs, seconds / epochs, seconds, np.nan)


OTHERS: dict[str, tuple[str, Callable[[Rows], Fit]]] = {
    "cmfrec": ("cmfrec", cmfrec),
    "Surprise": ("scikit-surprise", surprise),
    "myFM": ("myfm", myfm),
    "implicit": ("implicit", implicit),
}


def main() -> None:
    """Parse the command line, measure, and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.epochs")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the ratings")
    rows = read_rows(generated(RATINGS, parser.parse_args().work.resolve()))
    fits, target = [], np.inf
    written, target = reference(rows)
    parameters = read_parameters().models
    fits = [
        written,
        ours(
            "our matrix_factorisation: the same network",
            MatrixFactorisation(**parameters["matrix_factorisation"]),
            rows,
            target,
        ),
        ours("our embedding model", EmbeddingModel(**parameters["embedding"]), rows, target),
    ]
    versions, missing = [], []
    for name, (package, run) in OTHERS.items():
        try:
            fits.append(run(rows))
            versions.append(f"{name} {version(package)}")
        except ImportError:
            missing.append(name)
    RESULT.write_text(_report(rows, fits, versions, missing), encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


def _report(rows: Rows, fits: list[Fit], versions: list[str], missing: list[str]) -> str:
    def shown(value: float, digits: int) -> str:
        return "" if np.isnan(value) else f"{value:.{digits}f}"

    table = "\n".join(
        f"| {fit.name} | {fit.epochs} | {fit.epoch_seconds:.2f} | {fit.seconds:.1f} |"
        f" {shown(fit.rmse, 4)} | {shown(fit.seconds_to, 1)} |"
        for fit in fits
    )
    said = [
        f"Versions: {', '.join(versions)}." if versions else "",
        f"Not installed, and so not measured: {', '.join(missing)}." if missing else "",
    ]
    return f"""# Seconds an epoch, and seconds to an error

{len(rows.train[1]):,} generated ratings (`benchmarks/generate.py`, seed 0) are fitted, as many as
in the reference analysis, whose authors printed about {PUBLISHED_SECONDS} s an epoch. The error is
the RMSE in stars on the other {len(rows.test[1]):,} ratings, which also tell our models and the
reference's when to stop. The last column is the time until the best error of the reference's
model. Start-up of TensorFlow is left out, the making of its functions is not. The other libraries
have {FACTORS} factors, their own defaults and no search for better ones.

| model | epochs | seconds an epoch | seconds | RMSE | seconds to the reference's best |
|---|---|---|---|---|---|
{table}

{" ".join(part for part in said if part)}

Machine: {machine()}.

`python -m benchmarks.epochs --work FOLDER`, {datetime.now(UTC):%Y-%m-%d}.
"""


if __name__ == "__main__":
    main()
