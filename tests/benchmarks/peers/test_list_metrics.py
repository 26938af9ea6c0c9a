"""Lists are judged as the warehouse judges them: its SQL equals the same loops."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.peers.list_metrics import list_accuracy, mean_interval
from tests.dbt_project.judging import list_accuracy as naive_list_accuracy

METRICS = ["ndcg@10", "recall@20"]

movies = st.integers(1, 30)
by_user = st.dictionaries(st.integers(1, 4), st.lists(movies, unique=True, min_size=1), max_size=4)


@settings(max_examples=60, deadline=None)
@given(shown=by_user, relevant=by_user)
def test_equals_naive_loops(shown: dict[int, list[int]], relevant: dict[int, list[int]]) -> None:
    lists = pd.DataFrame(
        [(user, rank, movie) for user in shown for rank, movie in enumerate(shown[user], start=1)],
        columns=["user_id", "rank", "movie_id"],
        dtype=np.int64,
    )
    pairs = pd.DataFrame(
        [(user, movie) for user in relevant for movie in relevant[user]],
        columns=["user_id", "movie_id"],
        dtype=np.int64,
    )
    found = list_accuracy(lists, pairs)
    assert found.index.tolist() == sorted(relevant)
    for user, of_user in relevant.items():
        expected = naive_list_accuracy(shown.get(user, [])[:20], of_user)
        assert found.loc[user].to_dict() == pytest.approx(
            {name: expected[name] for name in METRICS}
        )


def test_an_interval_holds_its_mean_and_is_as_wide_as_a_normal_one() -> None:
    values = np.random.default_rng(1).random(2_000)
    mean, low, high = mean_interval(values)
    assert mean == values.mean()
    assert low < mean < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(len(values)), rel=0.1)


def test_an_interval_of_equal_values_has_no_width() -> None:
    assert mean_interval(np.full(50, 0.3)) == pytest.approx((0.3, 0.3, 0.3))
