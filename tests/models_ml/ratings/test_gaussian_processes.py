"""Predictions are those of Gaussian processes, computed the long way."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.stats import multivariate_normal

from models_ml.ratings.content import Content
from models_ml.ratings.gaussian_processes import GaussianProcesses, likelihood
from models_ml.ratings.kernels import Rows, movie_kernels, user_kernels
from tests.models_ml.ratings.planted import DAY, made_content, made_ratings

N_USERS, N_MOVIES = 12, 15
CONTENT = made_content(N_MOVIES)
IDS, STARS, TIMES = made_ratings(N_USERS, N_MOVIES)
QUICK: dict[str, Any] = {"latent": 4, "n_sampled": 6, "sampled_ratings": 10}


def fit(**parameters: Any) -> GaussianProcesses:
    return GaussianProcesses(**{**QUICK, **parameters}).fit(IDS, STARS, CONTENT, TIMES)


@pytest.fixture(scope="module")
def fitted() -> GaussianProcesses:
    return fit(scale=(-100, 100))


@pytest.fixture(scope="module")
def timed() -> GaussianProcesses:
    return fit(scale=(-100, 100), with_times=True)


@pytest.fixture(params=["fitted", "timed"])
def either(request: pytest.FixtureRequest) -> GaussianProcesses:
    return request.getfixturevalue(request.param)


def covariance(model: GaussianProcesses, side: str, rows: Rows) -> np.ndarray:
    """Of the functions of all users, or of all movies, at rows: one entry after the other."""
    kernels = user_kernels if side == "user" else movie_kernels
    owners = rows.users if side == "user" else rows.movies
    variances = model.user_variances_ if side == "user" else model.movie_variances_
    found = np.zeros((len(rows), len(rows)))
    for i in range(len(rows)):
        for j in range(len(rows)):
            if owners[i] == owners[j]:
                a, b = rows[np.array([i])], rows[np.array([j])]
                of_pair = kernels(model._profiles(), a, b, model.with_times)
                found[i, j] = sum(
                    variance * kernel.item()
                    for variance, kernel in zip(variances[1:], of_pair, strict=True)
                )
    return found


def posterior(model: GaussianProcesses, side: str, asked: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Condition the joint distribution of fitted and asked rows on all fitted targets at once."""
    fitted = Rows(model.users_, model.movies_, model.times_)
    targets = model.for_users_ if side == "user" else model.for_movies_
    variances = model.user_variances_ if side == "user" else model.movie_variances_
    both = Rows(
        np.append(fitted.users, asked.users),
        np.append(fitted.movies, asked.movies),
        np.append(fitted.times, asked.times),
    )
    count = len(fitted)
    joint = covariance(model, side, both)
    within = joint[:count, :count] + variances[0] * np.eye(count)
    between = joint[count:, :count]
    mean = between @ np.linalg.solve(within, targets)
    left = joint[count:, count:] - between @ np.linalg.solve(within, between.T)
    return mean, np.diag(left)


def test_predictions_are_those_of_the_joint_distribution(either: GaussianProcesses) -> None:
    users, movies = np.array([0, 0, 3, 3, 7]), np.array([1, 2, 0, 14, 5])
    times = np.array([0.5, 20, 3, 3, 99]) * DAY
    asked = Rows(users, movies, times if either.with_times else np.full(5, np.nan))

    predicted, spread = either.predict_with_spread(np.column_stack([users, movies]) * 10 + 7, times)

    of_users, user_left = posterior(either, "user", asked)
    of_movies, movie_left = posterior(either, "movie", asked)
    np.testing.assert_allclose(predicted, STARS.mean() + of_users + of_movies, atol=1e-8)
    expected = either.user_variances_[0] + user_left + movie_left
    np.testing.assert_allclose(spread**2, expected, atol=1e-8)


def test_what_the_movies_explain_is_left_to_no_user(either: GaussianProcesses) -> None:
    """Each side is fitted to what the other leaves over."""
    rows = Rows(either.users_, either.movies_, either.times_)
    times = TIMES if either.with_times else np.zeros(len(IDS))
    order = np.lexsort((IDS[:, 1], times, IDS[:, 0]))
    by_movies, _ = posterior(either, "movie", rows)

    np.testing.assert_allclose(
        either.for_users_, STARS[order] - STARS.mean() - by_movies, atol=1e-8
    )


def examples() -> list[tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(3)
    found = []
    for count in (1, 4, 7):
        factors = generator.normal(size=(3, count, 2))
        found.append((factors @ factors.transpose(0, 2, 1), generator.normal(size=count)))
    return found


POINTS = [np.log([0.5, 0.1, 0.2, 0.3]), np.array([-2.0, 1.0, -5.0, 0.0])]


@pytest.mark.parametrize("point", POINTS)
def test_the_likelihood_is_that_of_normal_distributions(point: np.ndarray) -> None:
    value, _ = likelihood(point, examples())

    noise, *weights = np.exp(point)
    expected, count = 0.0, 0
    for kernels, targets in examples():
        covariances = noise * np.eye(len(targets)) + np.tensordot(weights, kernels, 1)
        expected -= multivariate_normal(cov=covariances).logpdf(targets)
        count += len(targets)
    assert value == pytest.approx(expected / count - np.log(2 * np.pi) / 2)


@pytest.mark.parametrize("point", POINTS)
def test_the_gradient_is_that_of_the_likelihood(point: np.ndarray) -> None:
    error = check_grad(
        lambda logarithms: likelihood(logarithms, examples())[0],
        lambda logarithms: likelihood(logarithms, examples())[1],
        point,
    )
    assert error < 1e-5


def test_variances_of_planted_functions_are_found() -> None:
    """Users have a level of a variance of 0.5, and each rating noise of 0.1."""
    generator = np.random.default_rng(0)
    users, movies = np.divmod(np.arange(100 * 20), 20)
    stars = 3 + generator.normal(0, np.sqrt(0.5), 100)[users]
    stars += generator.normal(0, np.sqrt(0.1), len(users))
    model = GaussianProcesses(latent=2, n_sampled=100).fit(
        np.column_stack([users, movies * 10 + 7]), stars, made_content(20)
    )

    of_one = covariance(model, "user", Rows(np.zeros(20, int), np.arange(20), np.full(20, np.nan)))
    assert model.user_variances_[0] == pytest.approx(0.1, rel=0.1)
    # Several kernels may share the level among them
    assert of_one[~np.eye(20, dtype=bool)].mean() == pytest.approx(0.5, rel=0.3)


def test_it_is_better_than_the_mean_on_rows_that_it_did_not_see() -> None:
    ids, stars, _ = made_ratings(40, 30)
    held_out = np.random.default_rng(1).random(len(ids)) < 0.2
    model = GaussianProcesses(**QUICK).fit(ids[~held_out], stars[~held_out], made_content(30))

    errors = model.predict(ids[held_out]) - stars[held_out]

    assert errors.std() < 0.75 * stars[held_out].std()


def test_whom_and_what_nobody_knows_has_the_mean_and_more_than_the_noise(
    either: GaussianProcesses,
) -> None:
    predicted, spread = either.predict_with_spread(np.array([[-1, -1], [7, -1], [-1, 17]]))

    assert predicted[0] == pytest.approx(STARS.mean())
    assert np.isfinite(predicted).all()
    assert np.isfinite(spread).all()
    assert spread.min() > np.sqrt(either.user_variances_[0])


def test_a_movie_that_nobody_rated_is_told_by_its_genres_and_year() -> None:
    others = IDS[:, 1] != 37
    model = GaussianProcesses(**QUICK).fit(IDS[others], STARS[others], CONTENT)

    predicted, spread = model.predict_with_spread(np.array([[7, 37]]))

    assert np.isfinite(predicted).all()
    assert spread > np.sqrt(model.user_variances_[0])


def test_without_times_times_are_no_matter(fitted: GaussianProcesses) -> None:
    np.testing.assert_array_equal(fitted.predict(IDS, TIMES), fitted.predict(IDS))


def test_a_rating_of_the_moment_counts_with_times(timed: GaussianProcesses) -> None:
    assert (timed.predict(IDS, TIMES) != timed.predict(IDS)).any()


def test_times_may_be_missing_here_and_there() -> None:
    gaps = np.where(np.arange(len(IDS)) % 3 == 0, np.nan, TIMES)
    model = GaussianProcesses(**QUICK, with_times=True).fit(IDS, STARS, CONTENT, gaps)

    predicted, spread = model.predict_with_spread(IDS, gaps)

    assert np.isfinite(predicted).all()
    assert np.isfinite(spread).all()


def test_one_rating_is_enough() -> None:
    model = GaussianProcesses(**QUICK).fit(np.array([[7, 17]]), np.array([4.0]), CONTENT)

    assert model.predict(np.array([[7, 17], [-1, 27]])) == pytest.approx([4, 4])


def test_movies_may_have_no_genres_and_no_years() -> None:
    bare = Content(CONTENT.movie_ids, np.full(N_MOVIES, np.nan), np.zeros((N_MOVIES, 0)))
    model = GaussianProcesses(**QUICK).fit(IDS, STARS, bare)

    assert np.isfinite(model.predict(IDS)).all()


def test_the_order_of_rows_is_no_matter() -> None:
    mixed = np.random.default_rng(0).permutation(len(IDS))
    model = GaussianProcesses(**QUICK, with_times=True)

    there = model.fit(IDS, STARS, CONTENT, TIMES).predict(IDS, TIMES)
    back = model.fit(IDS[mixed], STARS[mixed], CONTENT, TIMES[mixed]).predict(IDS, TIMES)

    np.testing.assert_allclose(there, back, atol=1e-6)


def test_of_more_ratings_than_may_be_so_many_are_drawn() -> None:
    model = fit(max_ratings=3)
    group = np.arange(10, 30)

    drawn = model._drawn(group, code=2)

    assert len(drawn) == len(np.unique(drawn)) == 3
    assert np.isin(drawn, group).all()
    np.testing.assert_array_equal(drawn, model._drawn(group, code=2))
    assert any((model._drawn(group, code) != drawn).any() for code in range(10))
    np.testing.assert_array_equal(model._drawn(group[:3], code=2), group[:3])
    assert np.isfinite(model.predict(IDS)).all()


def test_a_limit_that_nobody_reaches_changes_nothing(fitted: GaussianProcesses) -> None:
    limited = fit(scale=(-100, 100), max_ratings=N_MOVIES)

    np.testing.assert_array_equal(limited.predict(IDS), fitted.predict(IDS))


def test_the_same_seed_gives_the_same_model(timed: GaussianProcesses) -> None:
    again = fit(scale=(-100, 100), with_times=True)

    for name in GaussianProcesses.state:
        np.testing.assert_array_equal(getattr(again, name), getattr(timed, name))


def test_a_saved_model_predicts_the_same(timed: GaussianProcesses, tmp_path: Path) -> None:
    timed.save(tmp_path / "model")
    loaded = GaussianProcesses.load(tmp_path / "model")

    for ours, theirs in zip(
        loaded.predict_all(IDS, TIMES), timed.predict_all(IDS, TIMES), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_predictions_stay_on_the_scale() -> None:
    model = fit(scale=(3.2, 3.6))

    predicted, low, high = model.predict_all(IDS)

    assert 3.2 <= predicted.min() < predicted.max() <= 3.6
    assert low.min() >= 3.2
    assert high.max() <= 3.6
