"""Networks as arrays say what scikit-learn's say, and choose their epochs by validation rows."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.neural_network import MLPRegressor

from models_ml.ratings.networks import (
    BATCH,
    FARTHEST,
    Networks,
    _standards,
    best_epochs,
    fit_networks,
    standardised,
)

SHAPE: dict[str, Any] = {"units": (8, 4), "penalty": 0.01, "seed": 3}


def planted(count: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    features = generator.normal(5, 3, (count, 4)).astype(np.float32)
    targets = np.abs(features[:, 0] - 5) / 3 + generator.normal(0, 0.1, count)
    features[::10, 2] = np.nan
    return features, targets


FEATURES, TARGETS = planted()


@pytest.fixture(scope="module")
def fitted() -> Networks:
    return fit_networks(FEATURES, TARGETS, epochs=4, n_networks=2, **SHAPE)


def test_predictions_are_the_mean_of_scikit_learns(fitted: Networks) -> None:
    scaled = (FEATURES - np.nanmean(FEATURES, axis=0)) / np.nanstd(FEATURES, axis=0)
    scaled = np.nan_to_num(np.clip(scaled, -FARTHEST, FARTHEST))
    with pytest.warns(UserWarning, match="converged"):
        theirs = [
            MLPRegressor(
                hidden_layer_sizes=(8, 4),
                alpha=0.01,
                batch_size=BATCH,
                max_iter=4,
                random_state=seed,
            )
            .fit(scaled, TARGETS)
            .predict(scaled)
            for seed in (3, 4)
        ]

    np.testing.assert_allclose(fitted.predict(FEATURES), np.mean(theirs, axis=0), atol=1e-4)


def test_the_same_seed_gives_the_same_networks(fitted: Networks) -> None:
    again = fit_networks(FEATURES, TARGETS, epochs=4, n_networks=2, **SHAPE)

    for ours, theirs in zip(
        again.weights + again.biases, fitted.weights + fitted.biases, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_networks_of_other_seeds_differ(fitted: Networks) -> None:
    for weights in fitted.weights:
        assert (weights[0] != weights[1]).any()


def test_missing_values_count_as_the_mean(fitted: Networks) -> None:
    row = np.full((1, 4), np.nan, np.float32)

    means = np.nanmean(FEATURES, axis=0, keepdims=True)
    assert fitted.predict(row) == pytest.approx(fitted.predict(means.astype(np.float32)), abs=1e-5)


def test_a_value_far_off_counts_no_more_than_one_at_the_limit(fitted: Networks) -> None:
    far, farther = np.full((2, 4), 1e6, np.float32), np.full((2, 4), 1e9, np.float32)

    np.testing.assert_array_equal(fitted.predict(far), fitted.predict(farther))


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=2, max_dims=2, max_side=6),
        elements=st.floats(-1000, 1000, width=32) | st.just(np.nan),
    )
)
def test_any_features_are_standardised_to_finite_numbers(features: np.ndarray) -> None:
    scaled = standardised(features, *_standards(features))

    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max() <= FARTHEST
    assert scaled.dtype == np.float32


def test_a_feature_of_one_value_or_none_is_nothing() -> None:
    features = np.column_stack([np.full(9, 4.0), np.full(9, np.nan)]).astype(np.float32)

    assert not standardised(features, *_standards(features)).any()


IS_VALIDATION = np.arange(len(TARGETS)) % 4 == 0


def epochs(targets: np.ndarray, **parameters: Any) -> int:
    settings = {"most": 40, "patience": 2, **SHAPE, **parameters}
    return best_epochs(FEATURES, targets, IS_VALIDATION, **settings)


def test_the_epochs_with_the_smallest_validation_error_are_chosen() -> None:
    scaled = standardised(FEATURES, *_standards(FEATURES[~IS_VALIDATION]))
    network = MLPRegressor(hidden_layer_sizes=(8, 4), alpha=0.01, batch_size=BATCH, random_state=3)
    errors = []
    for _ in range(6):
        network.partial_fit(scaled[~IS_VALIDATION], TARGETS[~IS_VALIDATION])
        misses = network.predict(scaled[IS_VALIDATION]) - TARGETS[IS_VALIDATION]
        errors.append(np.mean(misses**2))

    assert epochs(TARGETS, most=6, patience=6) == np.argmin(errors) + 1


def test_where_learning_makes_validation_rows_worse_one_epoch_is_chosen() -> None:
    assert epochs(np.where(IS_VALIDATION, -10, TARGETS + 10)) == 1


def test_no_more_epochs_are_tried_than_may_be() -> None:
    assert epochs(TARGETS, most=1) == 1
