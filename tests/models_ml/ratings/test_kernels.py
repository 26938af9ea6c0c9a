"""Kernels compare ratings as their names say, and could be covariances."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml.ratings import kernels
from models_ml.ratings.content import Content
from models_ml.ratings.kernels import (
    DAY,
    Kernels,
    Profiles,
    Rows,
    movie_kernels,
    profiles_of,
    user_kernels,
)
from tests.models_ml.ratings.planted import made_content, made_ratings

N_USERS, N_MOVIES = 12, 15
BOTH = pytest.mark.parametrize("kind", [user_kernels, movie_kernels])


def made_rows() -> tuple[Rows, np.ndarray]:
    ids, stars, times = made_ratings(N_USERS, N_MOVIES)
    return Rows(ids[:, 0] // 10, ids[:, 1] // 10, times), stars


def profiles(content: Content | None = None) -> Profiles:
    return profiles_of(*made_rows(), N_USERS, content or made_content(N_MOVIES), latent=5)


PROFILES = profiles()

any_rows = st.lists(
    st.tuples(
        # The last user and the last movie are ones whom nobody knows
        st.integers(0, N_USERS),
        st.integers(0, N_MOVIES),
        st.none() | st.integers(0, 10**9),
    ),
    min_size=1,
    max_size=12,
).map(
    lambda rows: Rows(
        np.array([user for user, _, _ in rows]),
        np.array([movie for _, movie, _ in rows]),
        np.array([np.nan if time is None else time for _, _, time in rows], float),
    )
)


@BOTH
@given(rows=any_rows, with_times=st.booleans())
@settings(max_examples=40, deadline=None)
def test_each_kernel_is_a_covariance(kind: Kernels, rows: Rows, with_times: bool) -> None:
    for kernel in kind(PROFILES, rows, rows, with_times):
        assert kernel.shape == (len(rows), len(rows))
        np.testing.assert_allclose(kernel, kernel.T, atol=1e-12)
        if np.isfinite(rows.times).all():
            assert np.linalg.eigvalsh(kernel).min() > -1e-9


@BOTH
@given(a=any_rows, b=any_rows, with_times=st.booleans())
@settings(max_examples=20, deadline=None)
def test_sets_may_be_compared_the_other_way_round(
    kind: Kernels, a: Rows, b: Rows, with_times: bool
) -> None:
    for there, back in zip(
        kind(PROFILES, a, b, with_times), kind(PROFILES, b, a, with_times), strict=True
    ):
        np.testing.assert_allclose(there, back.T, atol=1e-12)


@BOTH
@given(rows=any_rows, with_times=st.booleans())
@settings(max_examples=20, deadline=None)
def test_sets_of_one_row_give_the_diagonal(kind: Kernels, rows: Rows, with_times: bool) -> None:
    single = rows[np.arange(len(rows))[:, None]]

    for alone, kernel in zip(
        kind(PROFILES, single, single, with_times),
        kind(PROFILES, rows, rows, with_times),
        strict=True,
    ):
        np.testing.assert_allclose(np.diag(kernel), np.broadcast_to(alone[..., 0, 0], len(rows)))


@BOTH
def test_rows_without_times_are_not_near_in_time(kind: Kernels) -> None:
    rows, _ = made_rows()
    untimed = replace(rows, times=np.full(len(rows), np.nan))
    plain = kind(PROFILES, rows, rows, False)

    with_times = kind(PROFILES, untimed, untimed, True)

    for kernel, expected in zip(with_times, plain, strict=False):
        np.testing.assert_array_equal(kernel, expected)
    assert len(with_times) > len(plain)
    assert not any(kernel.any() for kernel in with_times[len(plain) :])


def test_nearness_falls_to_a_third_at_the_distance_that_is_named() -> None:
    rows = Rows(np.array([0, 0, 0]), np.array([1, 1, 1]), np.array([0, DAY, np.nan]))

    near = kernels._near_in_time(rows, rows, DAY)

    expected = [[1, np.exp(-1), 0], [np.exp(-1), 1, 0], [0, 0, 0]]
    np.testing.assert_allclose(near, expected)


def test_genres_are_compared_by_the_cosine() -> None:
    content = made_content(N_MOVIES)
    rows = Rows(np.zeros(N_MOVIES, int), np.arange(N_MOVIES), np.full(N_MOVIES, np.nan))

    genres = user_kernels(PROFILES, rows, rows, False)[1]

    a, b = content.genres[2], content.genres[5]
    cosine = a @ b / np.sqrt((a @ a) * (b @ b))
    assert genres[2, 5] == pytest.approx(cosine, abs=2e-3)
    # The last movie has none
    assert not genres[-1].any()


def test_biases_solve_each_others_equations_after_some_rounds() -> None:
    rows, stars = made_rows()
    found = PROFILES.movies["bias"]

    deviations = stars - stars.mean()
    user_bias = np.zeros(N_USERS)
    for _ in range(4):
        movie_bias = np.array(
            [
                np.sum((deviations - user_bias[rows.users])[rows.movies == movie])
                / (np.sum(rows.movies == movie) + 4)
                for movie in range(N_MOVIES)
            ]
        )
        user_bias = np.array(
            [
                np.sum((deviations - movie_bias[rows.movies])[rows.users == user])
                / (np.sum(rows.users == user) + 5)
                for user in range(N_USERS)
            ]
        )
    np.testing.assert_allclose(found[:-1], movie_bias)
    np.testing.assert_allclose(PROFILES.users["bias"][:-1], user_bias)


def test_counts_are_those_of_the_rows() -> None:
    rows, _ = made_rows()

    np.testing.assert_allclose(
        np.expm1(PROFILES.movies["popularity"])[:-1], np.bincount(rows.movies, minlength=N_MOVIES)
    )
    np.testing.assert_allclose(
        np.expm1(PROFILES.users["activity"])[:-1], np.bincount(rows.users, minlength=N_USERS)
    )


def test_linear_profiles_are_in_standard_deviations_of_the_ratings() -> None:
    rows, _ = made_rows()
    of_rows = PROFILES.movies["linear"][rows.movies]

    np.testing.assert_allclose(of_rows.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(of_rows.std(axis=0), 1)


def test_of_a_user_nobody_knows_there_is_nothing() -> None:
    assert not any(profile[-1].any() for profile in PROFILES.users.values())


def test_a_movie_nobody_knows_is_like_one_without_genres_raters_and_year() -> None:
    rows, stars = made_rows()
    content = made_content(N_MOVIES)
    others = np.flatnonzero(rows.movies != 3)
    content.genres[3], content.years[3] = 0, np.nan
    found = profiles_of(rows[others], stars[others], N_USERS, content, 5)

    for name, profile in found.movies.items():
        np.testing.assert_allclose(profile[-1], profile[3], atol=1e-9, err_msg=name)


def test_a_movie_that_nobody_rated_has_no_latent_vector_but_its_genres() -> None:
    rows, stars = made_rows()
    others = rows.movies != 3
    found = profiles_of(rows[np.flatnonzero(others)], stars[others], N_USERS, made_content(15), 5)

    np.testing.assert_allclose(found.movies["latent"][3], 0, atol=1e-9)
    assert found.movies["bias"][3] == found.movies["popularity"][3] == 0
    np.testing.assert_array_equal(found.movies["genres"][3], PROFILES.movies["genres"][3])


def test_movies_without_any_years_or_genres_are_compared_all_the_same() -> None:
    bare = Content(made_content(N_MOVIES).movie_ids, np.full(15, np.nan), np.zeros((15, 0)))
    rows, _ = made_rows()
    found = profiles(bare)

    for kind in (user_kernels, movie_kernels):
        for kernel in kind(found, rows, rows, True):
            assert np.isfinite(kernel).all()


def test_one_rating_has_profiles() -> None:
    alone = Rows(np.array([0]), np.array([2]), np.array([np.nan]))
    found = profiles_of(alone, np.array([4.0]), 1, made_content(N_MOVIES), latent=5)

    for kind in (user_kernels, movie_kernels):
        assert np.isfinite(kind(found, alone, alone, True)).all()
