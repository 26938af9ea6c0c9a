"""What follows what is counted as a naive loop counts it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from models_ml.lists.follow import (
    COLUMN_PRIOR,
    FADING,
    ROW_PRIOR,
    STEPS,
    follow_scores,
    follow_weights,
    recencies,
)

N_MOVIES = 6

# Users, ascending, each with some movies one after the other; the last two are not in the model.
sequences = st.lists(
    st.lists(st.integers(0, N_MOVIES + 1), min_size=1, max_size=STEPS + 5), max_size=4
)


def flat(sequences: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    users = [user for user, movies in enumerate(sequences) for _ in movies]
    return np.array(users, int), np.array([one for movies in sequences for one in movies], int)


def naive_weights(sequences: list[list[int]]) -> np.ndarray:
    counts = np.zeros((N_MOVIES, N_MOVIES))
    for movies in sequences:
        for i, before in enumerate(movies):
            for j, after in enumerate(movies):
                if 0 < j - i <= STEPS and max(before, after) < N_MOVIES:
                    counts[before, after] += np.exp(-(j - i) / FADING)
    weights = np.zeros_like(counts)
    for before in range(N_MOVIES):
        for after in range(N_MOVIES):
            row, column = counts[before].sum() + ROW_PRIOR, counts[:, after].sum() + COLUMN_PRIOR
            weights[before, after] = counts[before, after] / np.sqrt(row * column)
    return weights


@given(sequences)
@settings(deadline=None)
def test_weights_are_those_of_a_naive_count(sequences: list[list[int]]) -> None:
    found = follow_weights(*flat(sequences), N_MOVIES)

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive_weights(sequences), atol=1e-5)


@given(sequences)
def test_recencies_fade_from_the_last_rating_of_each_user(sequences: list[list[int]]) -> None:
    expected = [
        np.exp(-(len(movies) - 1 - position) / FADING)
        for movies in sequences
        for position in range(len(movies))
    ]

    np.testing.assert_allclose(recencies(flat(sequences)[0]), expected)


def test_what_was_rated_just_before_counts_most() -> None:
    weights = follow_weights(*flat([[0, 1, 2]]), N_MOVIES)

    assert weights[0, 1] > weights[0, 2] > 0
    assert weights[1, 0] == 0


def test_what_two_users_rate_one_after_the_other_does_not_count() -> None:
    assert not follow_weights(*flat([[0], [1]]), N_MOVIES).any()


def test_a_movie_that_is_far_in_the_past_does_not_count() -> None:
    weights = follow_weights(*flat([[0, *[N_MOVIES] * STEPS, 1]]), N_MOVIES)

    assert not weights.any()


def test_scores_are_sums_over_recent_ratings() -> None:
    weights = follow_weights(*flat([[0, 1, 2], [1, 3, 0]]), N_MOVIES)
    recent = np.zeros((2, N_MOVIES + 2))
    recent[0, [1, 3, N_MOVIES]] = 0.5, 1, 1

    scores = follow_scores(csr_array(recent), weights)

    np.testing.assert_allclose(scores[0], 0.5 * weights[1] + weights[3])
    assert not scores[1].any()


@pytest.mark.parametrize("n_movies", [0, N_MOVIES])
def test_without_ratings_there_is_nothing_to_follow(n_movies: int) -> None:
    nothing = np.empty(0, int)

    assert follow_weights(nothing, nothing, n_movies).shape == (n_movies, n_movies)
    assert recencies(nothing).shape == (0,)
