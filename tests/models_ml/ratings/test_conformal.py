import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.ratings.conformal import conformal_quantile

scores_lists = st.lists(st.floats(-5, 5), max_size=60)
percents = st.integers(1, 99)


def brute_force(scores: list[float], percent: int) -> float:
    """The least score such that it and the smaller ones are enough, in whole numbers."""
    needed = Fraction(percent * (len(scores) + 1), 100)
    enough = [score for score in scores if sum(other <= score for other in scores) >= needed]
    return min(enough, default=math.inf)


@given(scores=scores_lists, percent=percents)
def test_equals_brute_force(scores: list[float], percent: int) -> None:
    expected = brute_force(scores, percent)
    assert conformal_quantile(np.array(scores), percent / 100) == expected


@given(scores=st.lists(st.floats(-5, 5), min_size=2, max_size=60), percent=percents)
def test_covers_a_new_row_as_often_as_promised(scores: list[float], percent: int) -> None:
    """Of rows in any order each is as likely to be the new one: take every row for it in turn."""
    covered = sum(
        score <= conformal_quantile(np.array(scores[:i] + scores[i + 1 :]), percent / 100)
        for i, score in enumerate(scores)
    )
    assert covered * 100 >= percent * len(scores)


def test_covers_hardly_more_than_promised() -> None:
    generator = np.random.default_rng(0)
    covered = [
        generator.normal() <= conformal_quantile(generator.normal(size=99), 0.9)
        for _ in range(20_000)
    ]
    # Exactly 0.9 for 99 rows without ties; 0.01 are almost five standard deviations
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(
    ("rows", "level", "position"),
    [(9, 0.9, 8), (9, 0.7, 6), (10, 0.9, 9), (19, 0.9, 17), (1, 0.5, 0)],
)
def test_takes_the_score_of_a_known_position(rows: int, level: float, position: int) -> None:
    assert conformal_quantile(np.arange(rows, dtype=float)[::-1], level) == position


def test_too_few_rows_promise_nothing() -> None:
    assert conformal_quantile(np.zeros(8), 0.9) == math.inf
    assert conformal_quantile(np.array([]), 0.5) == math.inf


@pytest.mark.parametrize("level", [0.0, 1.0, 90.0, math.nan])
def test_a_level_that_is_no_probability_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        conformal_quantile(np.zeros(10), level)


def test_a_score_that_is_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        conformal_quantile(np.array([0.0, math.nan]), 0.5)
