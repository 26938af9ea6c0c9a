"""What fits of networks and of trees share: how they run, how they are watched, what is kept."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models_ml.fitting.backend import load_keras, load_lightgbm
from models_ml.fitting.ids import Values
from models_ml.fitting.recipe import Report

if TYPE_CHECKING:
    import keras

# LightGBM then gives the same trees whatever the number of threads.
REPRODUCIBLE = {"deterministic": True, "force_row_wise": True, "subsample_freq": 1, "verbose": -1}


class History:
    """The losses of a fit, kept and reported as it goes on.

    Attributes:
        rows: One row per epoch or tree: ``epoch`` (from 1), ``loss``, ``val_loss``, ``seconds``.
    """

    def __init__(self, report: Report, unit: str = "epoch") -> None:
        self.rows: list[dict[str, float]] = []
        self._report, self._unit, self._began = report, unit, time.perf_counter()

    def add(self, loss: float, val_loss: float) -> None:
        """Add a row, and report it in words."""
        now = time.perf_counter()
        epoch, seconds = len(self.rows) + 1, now - self._began
        self._began = now
        self.rows.append({"epoch": epoch, "loss": loss, "val_loss": val_loss, "seconds": seconds})
        self._report(f"{self._unit} {epoch}, loss {loss:.4f}, validation loss {val_loss:.4f}")


def fit_network(
    network: "keras.Model",
    training: tuple[Mapping[str, NDArray[np.int64]], Values],
    validation: tuple[Mapping[str, NDArray[np.int64]], Values],
    *,
    learning_rate: float,
    batch_size: int,
    max_epochs: int,
    patience: int,
    report: Report,
    weights: Values | None = None,
) -> list[dict[str, float]]:
    """Minimise the mean squared error and the network's penalties by Adam (Kingma and Ba, 2015).

    Training ends when the validation error has not improved for ``patience`` epochs. The network
    goes back to the weights of the best epoch, which a checkpoint keeps.

    Args:
        network: The network; its weights are changed.
        training: Codes by input, each of shape (ratings, 1), and ratings in stars, (ratings,).
        validation: The same two for the rows that decide when to stop.
        learning_rate: Adam's.
        batch_size: Ratings per step.
        max_epochs: Passes over the training rows at most.
        patience: Passes without a better validation error before training ends.
        report: Called with a few words after each epoch.
        weights: What each training row counts, shape (ratings,); all count 1 without.

    Returns:
        The rows of :class:`History`; losses are errors in squared stars, without penalties.
    """
    keras = load_keras()
    network.compile(keras.optimizers.Adam(learning_rate), loss="mse", metrics=["mse"])
    history = History(report)
    best: dict[str, Any] = {"monitor": "val_mse", "mode": "min"}
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "best.weights.h5"
        network.fit(
            *_arrays(training),
            sample_weight=None if weights is None else weights.astype("float32"),
            validation_data=_arrays(validation),
            batch_size=batch_size,
            epochs=max_epochs,
            callbacks=[
                keras.callbacks.ModelCheckpoint(
                    checkpoint, save_best_only=True, save_weights_only=True, **best
                ),
                keras.callbacks.EarlyStopping(patience=patience, **best),
                keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda _, logs: history.add(logs["mse"], logs["val_mse"])
                ),
            ],
            verbose=0,
        )
        network.load_weights(checkpoint)
    return history.rows


def fit_trees(
    params: Mapping[str, Any], n_estimators: int, seed: int, data: Any, **options: Any
) -> Any:
    """Fit LightGBM's trees (Ke et al., LightGBM, NeurIPS 2017), reproducibly.

    Args:
        params: LightGBM's parameters, under the names of its scikit-learn interface.
        n_estimators: Number of trees, or the largest where ``options`` stop early.
        seed: Seed of the rows and features that each tree sees.
        data: The ``lightgbm.Dataset`` to fit.
        options: More arguments of ``lightgbm.train``.

    Returns:
        The ``lightgbm.Booster``.
    """
    params = {**params, **REPRODUCIBLE, "seed": seed}
    return load_lightgbm().train(params, data, n_estimators, **options)


def trees_to_bytes(trees: Any) -> NDArray[np.uint8]:
    """Write trees as LightGBM's text, as an array of bytes."""
    return np.frombuffer(trees.model_to_string().encode(), np.uint8)


def trees_from_bytes(text: NDArray[np.uint8]) -> Any:
    """Read trees that :func:`trees_to_bytes` wrote, as a ``lightgbm.Booster``."""
    return load_lightgbm().Booster(model_str=text.tobytes().decode())


def _arrays(
    rows: tuple[Mapping[str, NDArray[np.int64]], Values],
) -> tuple[dict[str, NDArray[np.int32]], NDArray[np.float32]]:
    codes, stars = rows
    return {name: column.astype("int32") for name, column in codes.items()}, stars.astype("float32")
