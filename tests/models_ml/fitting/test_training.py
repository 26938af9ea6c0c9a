"""Networks are fitted in few steps, to the best epoch, by rows that count as they should."""

from typing import Any

import numpy as np
import pytest

from models_ml.fitting.training import best_epoch, fit_network, refit_network
from models_ml.ratings.matrix_factorisation import build_model

ROWS, USERS, MOVIES = 200, 12, 10


def rows(seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    generator = np.random.default_rng(seed)
    users, movies = (generator.integers(n, size=(ROWS, 1)) for n in (USERS, MOVIES))
    return {"User": users, "Item": movies}, (1 + users[:, 0] % 2 + 2 * (movies[:, 0] % 2)) * 1.0


def fit(**changes: Any) -> tuple[Any, list[dict[str, float]]]:
    """Fit the same network to the same rows, but for the changes."""
    from models_ml.fitting.backend import load_keras

    load_keras().utils.set_random_seed(0)
    network = build_model(USERS, MOVIES, factors=3)
    options = {
        **{"training": rows(1), "validation": rows(2), "learning_rate": 0.05},
        **{"batch_size": 50, "max_steps": 100, "max_epochs": 8, "patience": 8, "seed": 0},
        "report": lambda words: None,
    }
    history = fit_network(network, **{**options, **changes})
    return network, history


def predicted(network, rows) -> np.ndarray:
    return np.asarray(network(rows[0]))[:, 0]


def test_the_weights_of_the_best_epoch_stay() -> None:
    network, history = fit(max_epochs=200, patience=3, learning_rate=0.2)
    losses = [row["val_loss"] for row in history]

    assert losses.index(min(losses)) == len(losses) - 4
    error = np.mean((predicted(network, rows(2)) - rows(2)[1]) ** 2)
    assert error == pytest.approx(min(losses), rel=1e-5)


def test_so_many_epochs_again_lead_to_the_same_weights() -> None:
    from models_ml.fitting.backend import load_keras

    network, history = fit(max_epochs=200, patience=3, learning_rate=0.2)
    load_keras().utils.set_random_seed(0)
    again = build_model(USERS, MOVIES, factors=3)
    refit_network(
        again,
        rows(1),
        epochs=best_epoch(history),
        learning_rate=0.2,
        batch_size=50,
        max_steps=100,
        seed=0,
    )

    np.testing.assert_allclose(predicted(again, rows(2)), predicted(network, rows(2)), rtol=1e-5)


@pytest.mark.parametrize(("losses", "best"), [([3.0, 1.0, 1.0, 2.0], 2), ([1.0], 1), ([], 0)])
def test_the_best_epoch_is_the_first_with_the_lowest_loss(losses: list[float], best: int) -> None:
    assert best_epoch([{"val_loss": loss} for loss in losses]) == best


def test_an_epoch_never_takes_more_steps_than_it_may() -> None:
    network, _ = fit(batch_size=10, max_steps=3)
    same, _ = fit(batch_size=67)
    more, _ = fit(batch_size=10)

    np.testing.assert_array_equal(predicted(network, rows(2)), predicted(same, rows(2)))
    assert not np.allclose(predicted(network, rows(2)), predicted(more, rows(2)))


def test_the_seed_decides_the_order_of_rows() -> None:
    assert fit()[1][-1]["loss"] == fit()[1][-1]["loss"]
    assert fit()[1][-1]["loss"] != fit(seed=1)[1][-1]["loss"]


def test_rows_that_count_nothing_change_nothing() -> None:
    codes, stars = rows(1)
    weights = np.repeat([2.0, 0.0], ROWS // 2)
    with_others, _ = fit(weights=weights, batch_size=ROWS)
    other_stars, _ = fit(
        training=(codes, np.where(weights > 0, stars, 5.0)), weights=weights, batch_size=ROWS
    )

    np.testing.assert_array_equal(predicted(with_others, rows(2)), predicted(other_stars, rows(2)))
