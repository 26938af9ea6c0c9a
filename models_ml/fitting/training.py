"""What fits share: which rows they see, how they run, how they are watched, what is kept."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models_ml.fitting.backend import load_keras, load_lightgbm
from models_ml.fitting.ids import Values
from models_ml.fitting.recipe import Report

if TYPE_CHECKING:
    import keras

Codes = Mapping[str, NDArray[np.int64]]

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


def drawn(count: int, most: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw positions of rows, ascending: all of them, or ``most`` where there are more."""
    if count <= most:
        return np.arange(count)
    return np.sort(generator.choice(count, most, replace=False))


def fit_network(
    network: "keras.Model",
    training: tuple[Codes, Values],
    validation: tuple[Codes, Values],
    *,
    learning_rate: float,
    batch_size: int,
    max_steps: int,
    max_epochs: int,
    patience: int,
    report: Report,
    seed: int,
    weights: Values | None = None,
) -> list[dict[str, float]]:
    """Minimise the mean squared error and the network's penalties by Adam (Kingma and Ba, 2015).

    Training ends when the validation error has not improved for ``patience`` epochs, and the
    network goes back to the weights of the best epoch. An epoch runs as one function of
    TensorFlow: Keras' own ``fit`` comes back to Python at each step, which takes longer than the
    step.

    Args:
        network: The network; its weights are changed.
        training: Codes by input, each of shape (ratings, 1), and ratings in stars, (ratings,).
        validation: The same two for the rows that decide when to stop.
        learning_rate: Adam's.
        batch_size: Ratings per step, unless an epoch would take too many steps.
        max_steps: Steps of an epoch at most: of more ratings, a step takes more.
        max_epochs: Passes over the training rows at most.
        patience: Passes without a better validation error before training ends.
        report: Called with a few words after each epoch.
        seed: Seed of the order of ratings, drawn anew for each epoch.
        weights: What each training row counts, shape (ratings,); all count 1 without.

    Returns:
        The rows of :class:`History`; losses are errors in squared stars, without penalties.
    """
    run_epoch = _epochs(network, training, weights, learning_rate, batch_size, max_steps, seed)
    measure = _measure(network, validation, batch_size)
    return train_to_best(
        network,
        lambda: (run_epoch(), float(measure())),
        max_epochs=max_epochs,
        patience=patience,
        report=report,
    )


def train_to_best(
    network: "keras.Model",
    run_epoch: Callable[[], tuple[float, float]],
    *,
    max_epochs: int,
    patience: int,
    report: Report,
) -> list[dict[str, float]]:
    """Run epochs until the validation loss is no better for ``patience`` of them.

    Args:
        network: The network; in the end it has the weights of the best epoch.
        run_epoch: Runs an epoch, and gives its loss and that of the validation rows.
        max_epochs: Epochs at most.
        patience: Epochs without a better validation loss before training ends.
        report: Called with a few words after each epoch.

    Returns:
        The rows of :class:`History`.
    """
    history, best, kept, waited = History(report), np.inf, network.get_weights(), 0
    while len(history.rows) < max_epochs and waited < patience:
        loss, val_loss = run_epoch()
        history.add(loss, val_loss)
        if val_loss < best:
            best, kept, waited = val_loss, network.get_weights(), 0
        else:
            waited += 1
    network.set_weights(kept)
    return history.rows


def refit_network(
    network: "keras.Model",
    training: tuple[Codes, Values],
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int,
    max_steps: int,
    seed: int,
    weights: Values | None = None,
) -> None:
    """Run so many epochs as :func:`fit_network` does, without validation rows."""
    run_epoch = _epochs(network, training, weights, learning_rate, batch_size, max_steps, seed)
    for _ in range(epochs):
        run_epoch()


def best_epoch(history: list[dict[str, float]]) -> int:
    """Tell after how many epochs the validation loss was lowest; 0 without any."""
    losses = [row["val_loss"] for row in history]
    return losses.index(min(losses)) + 1 if losses else 0


def _epochs(
    network: "keras.Model",
    rows: tuple[Codes, Values],
    weights: Values | None,
    learning_rate: float,
    batch_size: int,
    max_steps: int,
    seed: int,
) -> Callable[[], float]:
    """Make the function that fits rows in a new order, once each, and gives their mean loss."""
    optimizer = load_keras().optimizers.Adam(learning_rate)
    optimizer.build(network.trainable_variables)
    import tensorflow as tf

    codes, stars = _tensors(rows)
    count = len(stars)
    batch_size = max(batch_size, -(-count // max_steps))
    counts_as = tf.constant(np.ones(count) if weights is None else weights, tf.float32)

    @tf.function  # type: ignore[untyped-decorator]
    def run(order: Any) -> Any:
        total = 0.0
        for start in tf.range(0, count, batch_size):
            chosen = order[start : start + batch_size]
            inputs = {name: tf.gather(column, chosen) for name, column in codes.items()}
            with tf.GradientTape() as tape:
                predicted = network(inputs, training=True)[:, 0]
                squares = (tf.gather(stars, chosen) - predicted) ** 2
                loss = tf.reduce_mean(squares * tf.gather(counts_as, chosen))
                loss = tf.add_n([loss, *network.losses])
            variables = network.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
            total += tf.reduce_sum(squares)
        return total / count

    generator = np.random.default_rng(seed)
    return lambda: float(run(tf.constant(generator.permutation(count), tf.int32)))


def _measure(
    network: "keras.Model", rows: tuple[Codes, Values], batch_size: int
) -> Callable[[], Any]:
    """Make the function that gives the mean squared error of rows."""
    import tensorflow as tf

    codes, stars = _tensors(rows)
    count = len(stars)

    @tf.function  # type: ignore[untyped-decorator]
    def run() -> Any:
        total = 0.0
        for start in tf.range(0, count, batch_size):
            end = start + batch_size
            inputs = {name: column[start:end] for name, column in codes.items()}
            total += tf.reduce_sum((stars[start:end] - network(inputs)[:, 0]) ** 2)
        return total / count

    return run  # type: ignore[no-any-return]


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


def _tensors(rows: tuple[Codes, Values]) -> tuple[dict[str, Any], Any]:
    import tensorflow as tf

    codes, stars = rows
    columns = {name: tf.constant(column, tf.int32) for name, column in codes.items()}
    return columns, tf.constant(stars, tf.float32)
