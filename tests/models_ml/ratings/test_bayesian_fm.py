"""The model is myFM's over users, movies, who rated what and content, kept as plain arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from models_ml.fitting.backend import load_myfm
from models_ml.ratings.bayesian_fm import SECONDS_PER_DAY, BayesianFM
from models_ml.ratings.content import Content
from tests.models_ml.ratings.planted import made_content

N_USERS, N_MOVIES, N_DAYS = 40, 30, 10
CONTENT = made_content(N_MOVIES)
QUICK: dict[str, Any] = {"factors": 2, "n_draws": 10, "burn_in": 2}


def planted(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half of all pairs, rated by one factor, the day, and little noise: ids, stars, times."""
    generator = np.random.default_rng(seed)
    ids = np.argwhere(generator.random((N_USERS, N_MOVIES)) < 0.5)
    days = generator.integers(0, N_DAYS, len(ids))
    users, movies = ids.T
    taste, kind = generator.normal(size=N_USERS), generator.normal(size=N_MOVIES)
    drift = generator.normal(0, 0.4, N_DAYS)
    stars = 3 + 0.4 * taste[users] * kind[movies] + drift[days]
    stars += generator.normal(0, 0.1, len(ids))
    return ids * 10 + 7, np.clip(stars, 0.5, 5), days * SECONDS_PER_DAY + 100.0


IDS, STARS, TIMES = planted()


def fit(**parameters: Any) -> BayesianFM:
    return BayesianFM(**{**QUICK, **parameters}).fit(IDS, STARS, CONTENT, TIMES)


@pytest.fixture(scope="module")
def fitted() -> BayesianFM:
    return fit()


@pytest.fixture(scope="module")
def with_days() -> BayesianFM:
    return fit(with_days=True)


def rmse(predicted: np.ndarray, stars: np.ndarray) -> float:
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.sqrt(np.maximum((rows**2).sum(axis=1, keepdims=True), 1))


@pytest.mark.parametrize("with_days", [False, True])
def test_predictions_are_those_of_the_library(with_days: bool) -> None:
    settings = {"factors": 3, "n_draws": 12, "burn_in": 2, "thinning": 1}
    model = fit(scale=(-100, 100), with_days=with_days, **settings)

    myfm = load_myfm()
    users, movies = (IDS.T - 7) // 10
    days = (TIMES // SECONDS_PER_DAY).astype(int)
    rated = np.zeros((N_USERS, N_MOVIES))
    rated[users, movies] = 1
    years = np.unique(np.nan_to_num(CONTENT.years), return_inverse=True)[1]
    of_users = [np.eye(N_USERS), unit(rated)]
    of_movies = [
        *(np.eye(N_MOVIES), unit(rated.T), unit(CONTENT.genres), np.eye(years.max() + 1)[years])
    ]
    blocks = [
        myfm.RelationBlock(codes, sparse.csr_matrix(np.hstack(of)))
        for codes, of in ((users, of_users), (movies, of_movies))
    ]
    one_hot = sparse.csr_matrix(np.eye(N_DAYS)[days] if with_days else np.zeros((len(IDS), 0)))
    theirs = myfm.MyFMRegressor(rank=3, random_seed=0).fit(
        one_hot,
        STARS,
        X_rel=blocks,
        n_iter=12,
        n_kept_samples=10,
        group_shapes=[N_DAYS] * with_days + [part.shape[1] for part in of_users + of_movies],
        callback=lambda *_: (False, None),
    )

    expected = theirs.predict(one_hot, blocks)
    np.testing.assert_allclose(model.predict(IDS, TIMES), expected, rtol=0, atol=1e-4)


def test_it_finds_what_was_planted() -> None:
    held_out = np.random.default_rng(1).random(len(IDS)) < 0.2
    rows = IDS[~held_out], STARS[~held_out], CONTENT, TIMES[~held_out]

    errors = {
        with_days: rmse(
            BayesianFM(factors=2, with_days=with_days, n_draws=60)
            .fit(*rows)
            .predict(IDS[held_out], TIMES[held_out]),
            STARS[held_out],
        )
        for with_days in (False, True)
    }

    assert errors[True] < 0.25 < errors[False]


def test_who_is_not_known_gets_what_the_others_say(with_days: BayesianFM) -> None:
    nobody = np.array([[-1, 7], [7, -1], [-1, -1]])
    predicted, spread = with_days.predict_with_spread(nobody, np.full(3, np.nan))

    assert np.isfinite(predicted).all()
    assert np.isfinite(spread).all()
    biases = with_days.user_biases_[:, :-1].mean(axis=1)
    assert predicted[2] == pytest.approx((with_days.constants_ + biases).mean())
    np.testing.assert_array_equal(predicted, with_days.predict(nobody))


def test_a_movie_that_nobody_rated_has_its_content() -> None:
    others = IDS[:, 1] != 37
    model = BayesianFM(**QUICK).fit(IDS[others], STARS[others], CONTENT)

    unrated, unknown = model.predict(np.array([[7, 37], [7, -1]]))

    assert unrated != unknown


def test_movies_may_have_no_genres_and_no_years() -> None:
    bare = Content(CONTENT.movie_ids, np.full(N_MOVIES, np.nan), np.zeros((N_MOVIES, 0)))

    assert np.isfinite(BayesianFM(**QUICK).fit(IDS, STARS, bare).predict(IDS)).all()


def test_one_rating_is_enough() -> None:
    model = BayesianFM(**QUICK).fit(IDS[:1], STARS[:1], CONTENT)

    predicted, spread = model.predict_with_spread(IDS[:2])

    assert np.isfinite(predicted).all()
    assert np.isfinite(spread).all()


def test_times_are_no_matter_without_days(fitted: BayesianFM) -> None:
    np.testing.assert_array_equal(fitted.predict(IDS, TIMES), fitted.predict(IDS, TIMES[::-1]))
    assert len(fitted.days_) == 0


def test_a_day_without_ratings_adds_nothing(with_days: BayesianFM) -> None:
    far = np.full(len(IDS), 1e9)

    np.testing.assert_array_equal(with_days.predict(IDS, far), with_days.predict(IDS))


def test_the_spread_is_that_of_the_draws_and_the_noise(fitted: BayesianFM) -> None:
    users, movies = (IDS.T - 7) // 10
    days = np.zeros(len(IDS), int)
    drawn = fitted._draws(users, movies, days)

    predicted, spread = fitted.predict_with_spread(IDS)

    np.testing.assert_allclose(predicted, np.clip(drawn.mean(axis=0), 0.5, 5))
    np.testing.assert_allclose(spread**2, drawn.var(axis=0) + fitted.noise_)


def test_the_planted_noise_is_found() -> None:
    model = fit(with_days=True, n_draws=100, burn_in=50)

    assert np.sqrt(model.noise_) == pytest.approx(0.1, rel=0.3)


def test_an_interval_holds_as_many_errors_as_promised() -> None:
    model = fit(level=0.8)
    _, low, high = model.predict_all(IDS)
    assert (low == 0.5).all()
    assert (high == 5).all()
    generator = np.random.default_rng(0)
    errors, spreads = generator.normal(size=999), generator.uniform(0.5, 1, 999)

    model.calibrate(errors, spreads)

    inside = np.abs(errors) <= model.reach_ * spreads
    assert inside.mean() == pytest.approx(0.8, abs=0.002)


def test_the_draws_that_are_kept_are_the_last_of_each_so_many() -> None:
    every, third = fit(thinning=1), fit(thinning=3)

    assert len(every.constants_) == 8
    np.testing.assert_array_equal(third.constants_, every.constants_[[1, 4, 7]])


def test_the_same_seed_gives_the_same_model(fitted: BayesianFM) -> None:
    again = fit()

    for name in BayesianFM.state:
        np.testing.assert_array_equal(getattr(again, name), getattr(fitted, name))
    assert (fit(random_state=1).constants_ != fitted.constants_).any()


def test_a_saved_model_predicts_the_same(with_days: BayesianFM, tmp_path: Path) -> None:
    with_days.save(tmp_path / "model")
    loaded = BayesianFM.load(tmp_path / "model")

    for ours, theirs in zip(
        loaded.predict_all(IDS, TIMES), with_days.predict_all(IDS, TIMES), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_predictions_stay_on_the_scale() -> None:
    predicted, low, high = fit(scale=(2.5, 3.5)).predict_all(IDS)

    assert predicted.min() >= 2.5
    assert predicted.max() <= 3.5
    assert (low >= 2.5).all()
    assert (high <= 3.5).all()
