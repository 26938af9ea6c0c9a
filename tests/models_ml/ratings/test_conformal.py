import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.ratings.conformal import conformal_quantile, grouped_conformal_quantile

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


grouped = st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 8)), min_size=1, max_size=40)


def brute_force_of_groups(rows: list[tuple[float, int]], percent: int) -> float:
    """The least score such that the groups' shares at or below it are enough, in fractions."""
    sizes = Counter(group for _, group in rows)

    def share(limit: float) -> Fraction:
        parts = [Fraction(1, sizes[group]) for score, group in rows if score <= limit]
        return sum(parts, Fraction()) / (len(sizes) + 1)

    needed = Fraction(percent, 100)
    return min((score for score, _ in rows if share(score) >= needed), default=math.inf)


@given(rows=grouped, percent=percents)
def test_of_groups_equals_brute_force(rows: list[tuple[float, int]], percent: int) -> None:
    scores, groups = (np.array(column) for column in zip(*rows, strict=True))
    expected = brute_force_of_groups(rows, percent)
    assert grouped_conformal_quantile(scores, groups, percent / 100) == expected


@given(scores=scores_lists, percent=percents)
def test_groups_of_one_row_are_rows(scores: list[float], percent: int) -> None:
    alone = grouped_conformal_quantile(np.array(scores), np.arange(len(scores)), percent / 100)
    assert alone == conformal_quantile(np.array(scores), percent / 100)


def test_a_new_group_is_covered_as_often_as_promised_where_rows_alone_promise_too_much() -> None:
    """Nineteen groups of one row each and one of a thousand, each group with a level of its own."""
    generator = np.random.default_rng(0)
    covered = []
    for _ in range(5_000):
        *levels, new = generator.normal(size=21)
        groups = np.repeat(np.arange(20), [1] * 19 + [1000])
        scores = np.array(levels)[groups] + generator.normal(0, 0.1, len(groups))
        row = new + generator.normal(0, 0.1)
        covered.append(
            (
                row <= grouped_conformal_quantile(scores, groups, 0.9),
                row <= conformal_quantile(scores, 0.9),
            )
        )
    of_groups, of_rows = np.mean(covered, axis=0)
    assert 0.89 < of_groups < 0.96
    assert of_rows < 0.6


def test_too_few_groups_promise_nothing() -> None:
    assert grouped_conformal_quantile(np.zeros(100), np.arange(100) % 8, 0.9) == math.inf


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_a_level_of_groups_that_is_no_probability_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        grouped_conformal_quantile(np.zeros(10), np.arange(10), level)
