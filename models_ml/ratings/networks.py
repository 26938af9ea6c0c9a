"""Small neural networks over features, several in the mean, as plain arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models_ml.fitting.ids import Values

FARTHEST = 3.0
"""Standard deviations from the mean at which a feature's values are cut off."""
BATCH = 512

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Networks:
    """Networks of two hidden layers with rectified linear units, all of one shape.

    Attributes:
        centres, widths: What is taken from a feature, and what it is divided by, (features,). A
            value that is missing becomes 0.
        weights: Of the three layers, each of shape (networks, inputs, outputs).
        biases: Likewise, each of shape (networks, outputs).
    """

    centres: Values
    widths: Values
    weights: tuple[Values, ...]
    biases: tuple[Values, ...]

    def predict(self, features: Matrix) -> Values:
        """Give the mean of what the networks say, shape (rows,)."""
        scaled = standardised(features, self.centres, self.widths)
        total = np.zeros(len(features))
        for network in range(len(self.weights[0])):
            values = scaled.astype(np.float64)
            for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
                values = values @ weights[network] + biases[network]
                if layer < 2:
                    values = np.maximum(values, 0)
            total += values[:, 0]
        return total / len(self.weights[0])


def fit_networks(
    features: Matrix,
    targets: Values,
    *,
    epochs: int,
    n_networks: int,
    units: tuple[int, int],
    penalty: float,
    seed: int,
) -> Networks:
    """Fit networks that differ in their seeds, by Adam (scikit-learn's ``MLPRegressor``).

    Args:
        features: Shape (rows, features), NaN where a value is missing.
        targets: What to predict, shape (rows,).
        epochs: Passes over the rows.
        n_networks: Networks in the mean.
        units: Units of the two hidden layers.
        penalty: Of the squared weights.
        seed: The first of the seeds.
    """
    centres, widths = _standards(features)
    scaled = standardised(features, centres, widths)
    fitted = [
        _network(units, penalty, number).set_params(max_iter=epochs)
        for number in range(seed, seed + n_networks)
    ]
    for network in fitted:
        _quietly(network.fit, scaled, targets)
    return Networks(
        centres,
        widths,
        tuple(np.array([network.coefs_[layer] for network in fitted]) for layer in range(3)),
        tuple(np.array([network.intercepts_[layer] for network in fitted]) for layer in range(3)),
    )


def best_epochs(
    features: Matrix,
    targets: Values,
    validation: NDArray[np.bool_],
    *,
    most: int,
    patience: int,
    units: tuple[int, int],
    penalty: float,
    seed: int,
) -> int:
    """Choose how many passes over other rows predict validation rows best, at least one.

    Args:
        features: As for :func:`fit_networks`.
        targets: Likewise.
        validation: Which rows validate, shape (rows,).
        most: Passes at most.
        patience: Passes without a better error before the search ends.
        units: As for :func:`fit_networks`.
        penalty: Likewise.
        seed: Of the one network that is tried.
    """
    scaled = standardised(features, *_standards(features[~validation]))
    network = _network(units, penalty, seed)
    errors: list[float] = []
    while len(errors) < most and len(errors) - int(np.argmin(errors or [0])) <= patience:
        _quietly(network.partial_fit, scaled[~validation], targets[~validation])
        misses = network.predict(scaled[validation]) - targets[validation]
        errors.append(float(np.mean(misses**2)))
    return int(np.argmin(errors)) + 1


def _standards(features: Matrix) -> tuple[Values, Values]:
    """Give each feature's mean and standard deviation; 0 and 1 where it has none."""
    import warnings

    with warnings.catch_warnings():
        # A feature without any value has no mean
        warnings.simplefilter("ignore", RuntimeWarning)
        centres = np.nanmean(features, axis=0, dtype=np.float64)
        widths = np.nanstd(features, axis=0, dtype=np.float64)
    widths = np.nan_to_num(widths)
    return np.asarray(np.nan_to_num(centres)), np.where(widths > 0, widths, 1.0)


def standardised(features: Matrix, centres: Values, widths: Values) -> Matrix:
    """Count features in standard deviations from their means; what is missing is at the mean."""
    scaled = np.clip((features - centres) / widths, -FARTHEST, FARTHEST)
    return np.nan_to_num(scaled, nan=0.0).astype(np.float32)


def _network(units: tuple[int, int], penalty: float, seed: int) -> Any:
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor(
        hidden_layer_sizes=units, alpha=penalty, batch_size=BATCH, random_state=seed
    )


def _quietly(fit: Any, features: Matrix, targets: Values) -> None:
    """Fit in one thread, which gives the same digits everywhere, and not to convergence."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit(features, targets)
