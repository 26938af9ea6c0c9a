"""Spark's vectors are what the normal equations of alternating least squares give."""

import numpy as np
import pytest

from models_ml.fitting.spark_als import factorise
from tests.spark import needs_spark

pytestmark = needs_spark

RANK, PENALTY, ALPHA = 3, 0.1, 5.0


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of users and movies, of which one of each has no row, and values."""
    generator = np.random.default_rng(0)
    cells = generator.permutation(30 * 20)[:300]
    users, movies = cells // 20, cells % 20
    kept = (users != 7) & (movies != 5)
    return users[kept], movies[kept], generator.normal(size=kept.sum())


def test_of_values_each_user_is_a_ridge_regression_on_the_movies(rows) -> None:
    users, movies, values = rows
    of_users, of_movies = factorise(
        users, movies, values, rank=RANK, regParam=PENALTY, maxIter=5, seed=0
    )
    for user in range(30):
        is_theirs = users == user
        known = of_movies[movies[is_theirs]].astype(np.float64)
        # The penalty grows with the number of values
        left = known.T @ known + PENALTY * is_theirs.sum() * np.eye(RANK)
        expected = (
            np.linalg.solve(left, known.T @ values[is_theirs])
            if is_theirs.any()
            else np.zeros(RANK)
        )
        np.testing.assert_allclose(of_users[user], expected, atol=1e-4)


def test_of_likes_each_user_is_a_ridge_regression_on_all_movies(rows) -> None:
    users, movies, _ = rows
    of_users, of_movies = factorise(
        users,
        movies,
        np.ones(len(users)),
        rank=RANK,
        regParam=PENALTY,
        alpha=ALPHA,
        implicitPrefs=True,
        maxIter=5,
        seed=0,
    )
    everything = of_movies.astype(np.float64).T @ of_movies
    for user in range(30):
        liked = of_movies[movies[users == user]].astype(np.float64)
        left = everything + ALPHA * liked.T @ liked + PENALTY * len(liked) * np.eye(RANK)
        expected = np.linalg.solve(left, (1 + ALPHA) * liked.sum(axis=0))
        np.testing.assert_allclose(of_users[user], expected, atol=1e-4)


def test_what_has_no_row_has_the_vector_0(rows) -> None:
    users, movies, values = rows
    of_users, of_movies = factorise(users, movies, values, rank=RANK, maxIter=2, seed=0)
    assert of_users.shape == (30, RANK)
    assert of_movies.shape == (20, RANK)
    assert not of_users[7].any()
    assert not of_movies[5].any()
    assert of_users.any(axis=1).sum() == 29
