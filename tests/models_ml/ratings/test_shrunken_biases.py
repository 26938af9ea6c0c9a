"""Biases in closed form against plain linear algebra."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.ratings.shrunken_biases import Biases, shrunken_biases

N_USERS, N_MOVIES, N_FEATURES = 6, 8, 3


def case(seed: int, n: int = 30) -> dict:
    generator = np.random.default_rng(seed)
    weights = generator.uniform(0.2, 1, n)
    return {
        "codes": np.column_stack(
            [generator.integers(N_USERS - 1, size=n), generator.integers(N_MOVIES - 1, size=n)]
        ),
        "y": generator.integers(1, 11, n) / 2,
        "weights": weights / weights.mean(),
        "n_users": N_USERS,
        "content": (generator.random((N_MOVIES, N_FEATURES)) < 0.5).astype(np.float32),
        "ridges": (2.0, 5.0, 9.0),
    }


def dense(codes, y, weights, n_users, content, ridges) -> np.ndarray:
    """The same by ordinary least squares on rows that stand for the penalties; the last user and
    movie have no ratings."""
    users, movies = np.eye(n_users)[codes[:, 0]], np.eye(len(content))[codes[:, 1]]
    design = np.hstack([np.ones((len(y), 1)), users, movies, movies @ content])
    sizes = [n_users, len(content), content.shape[1]]
    penalties = np.sqrt(np.repeat(ridges, sizes))
    extra = np.hstack([np.zeros((sum(sizes), 1)), np.diag(penalties)])
    root = np.sqrt(weights)
    left = np.vstack([design * root[:, None], extra])
    right = np.append(y * root, np.zeros(sum(sizes)))
    return np.linalg.lstsq(left, right, rcond=None)[0]


@pytest.mark.parametrize("seed", range(5))
def test_they_minimise_the_penalised_error(seed: int) -> None:
    given_ = case(seed)
    solution = dense(**given_)
    users, movies, features = np.split(solution[1:], [N_USERS, N_USERS + N_MOVIES])
    level = users[given_["codes"][:, 0]].mean()

    biases = shrunken_biases(**given_)

    assert biases.mean == pytest.approx(solution[0] + level, abs=1e-5)
    np.testing.assert_allclose(biases.users[:-1], users[:-1] - level, atol=1e-5)
    np.testing.assert_allclose(biases.movies, movies, atol=1e-5)
    np.testing.assert_allclose(biases.features, features, atol=1e-5)


@given(st.integers(0, 1000))
def test_who_has_no_ratings_is_as_the_ratings_are(seed: int) -> None:
    given_ = case(seed)
    biases = shrunken_biases(**given_)

    assert biases.users[-1] == 0
    assert biases.movies[-1] == pytest.approx(0, abs=1e-9)
    known = np.bincount(given_["codes"][:, 0], minlength=N_USERS) > 0
    by_rating = biases.users[given_["codes"][:, 0]].mean()
    assert by_rating == pytest.approx(0, abs=1e-9)
    assert (biases.users[~known] == 0).all()


def test_a_movie_is_not_blamed_for_who_rated_it() -> None:
    """A strict user gives all movies 2 stars, a generous one all but the last one 4: the last one
    is as good as the others."""
    codes = np.array([(user, movie) for user in range(2) for movie in range(10)] + [(0, 10)])
    y = np.where(codes[:, 0] == 0, 2.0, 4.0)
    biases = shrunken_biases(codes, y, np.ones(21), 2, np.zeros((11, 1), np.float32), (0.01, 3, 1))

    assert biases.movies == pytest.approx(0, abs=0.01)


def test_a_single_rating_is_enough() -> None:
    content = np.zeros((1, 1), np.float32)
    biases = shrunken_biases(
        np.zeros((1, 2), int), np.array([3.5]), np.ones(1), 1, content, (1, 1, 1)
    )

    assert biases.mean == pytest.approx(3.5)
    assert biases.predict(np.zeros((1, 2), int), content) == pytest.approx([3.5])


def test_a_prediction_is_a_sum() -> None:
    biases = Biases(3.0, np.array([0.0, 0.5]), np.array([0.25, 0.0]), np.array([1.0, 2.0]))
    content = np.array([[0, 1], [1, 1]], np.float32)

    predicted = biases.predict(np.array([[1, 0], [0, 1]]), content)

    assert predicted.tolist() == [3 + 0.5 + 0.25 + 2, 3 + 1 + 2]
