"""Intervals reach as many standard deviations as rows that no fit saw ask for."""

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.fitting.ids import Ids, Values
from models_ml.ratings.spread import SpreadModel


class Told(SpreadModel):
    """Takes the second id for hundredths of stars, and the first for those of the spread."""

    state: ClassVar = ("reach_",)

    def __init__(self, scale: tuple[float, float] = (0.5, 5.0), level: float = 0.9) -> None:
        self.scale = scale
        self.level = level

    def predict_with_spread(
        self,
        X: Ids,  # noqa: N803
        times: Values | None = None,
    ) -> tuple[Values, Values]:
        return X[:, 1] / 100, X[:, 0] / 100


IDS = np.array([[10, 300], [20, 300], [100, 480]])


def test_until_it_is_calibrated_an_interval_is_the_scale() -> None:
    predicted, low, high = Told().predict_all(IDS)

    assert predicted.tolist() == [3, 3, 4.8]
    assert low.tolist() == [0.5] * 3
    assert high.tolist() == [5] * 3


def test_an_interval_reaches_spreads_to_both_sides_and_stays_on_the_scale() -> None:
    model = Told()
    model.reach_ = np.float64(2)

    _, low, high = model.predict_all(IDS)

    np.testing.assert_allclose(low, [2.8, 2.6, 2.8])
    np.testing.assert_allclose(high, [3.2, 3.4, 5])


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_as_many_errors_lie_within_reach_as_promised(level: float) -> None:
    generator = np.random.default_rng(0)
    spreads = generator.uniform(0.2, 2, 999)
    errors = generator.normal(size=999) * spreads
    model = Told(level=level)

    model.calibrate(errors, spreads)

    inside = np.abs(errors) <= model.reach_ * spreads
    assert inside.mean() == pytest.approx(level, abs=0.002)


def test_new_rows_are_covered_whatever_their_spread() -> None:
    generator = np.random.default_rng(1)
    spreads = generator.choice([0.1, 0.5], 20_000)
    errors = generator.normal(size=20_000) * spreads
    model = Told(scale=(-10, 10), level=0.9)

    model.calibrate(errors[:10_000], spreads[:10_000])

    for spread in (0.1, 0.5):
        of_kind = spreads[10_000:] == spread
        inside = np.abs(errors[10_000:][of_kind]) <= model.reach_ * spread
        assert inside.mean() == pytest.approx(0.9, abs=0.015)


@given(st.lists(st.floats(-5, 5), max_size=8))
def test_of_too_few_errors_an_interval_is_the_scale(errors: list[float]) -> None:
    model = Told(level=0.9)

    model.calibrate(np.array(errors), np.ones(len(errors)))

    _, low, high = model.predict_all(IDS)
    assert (low.tolist(), high.tolist()) == ([0.5] * 3, [5] * 3)
