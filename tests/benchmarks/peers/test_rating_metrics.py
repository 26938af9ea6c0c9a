"""Intervals bootstrapped by user are as wide as theory has them."""

import numpy as np
import pytest

from benchmarks.peers.rating_metrics import rmse_interval, share_interval


def test_rows_of_one_user_are_drawn_together() -> None:
    generator = np.random.default_rng(1)
    by_user = generator.integers(0, 2, 2_000).astype(np.float64)
    share, margin = share_interval(np.repeat(by_user, 5), np.repeat(np.arange(2_000), 5))
    assert share == by_user.mean()
    assert margin == pytest.approx(1.96 * by_user.std() / np.sqrt(2_000), rel=0.1)


def test_an_rmse_has_the_margin_of_the_delta_method() -> None:
    errors = np.random.default_rng(2).uniform(0, 2, 4_000)
    rmse, margin = rmse_interval(errors, np.arange(4_000))
    assert rmse == np.sqrt(errors.mean())
    assert margin == pytest.approx(1.96 * errors.std() / np.sqrt(4_000) / (2 * rmse), rel=0.1)
