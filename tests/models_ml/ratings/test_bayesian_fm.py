import numpy as np
import pytest
from scipy import sparse

from models_ml.fitting.backend import load_myfm
from models_ml.ratings.bayesian_fm import SECONDS_PER_DAY, BayesianFM

N_USERS, N_MOVIES, N_DAYS = 40, 30, 10


def planted(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half of all pairs, rated by biases, one factor, the day, and little noise."""
    generator = np.random.default_rng(seed)
    ids = np.argwhere(generator.random((N_USERS, N_MOVIES)) < 0.5)
    days = generator.integers(0, N_DAYS, len(ids))
    users, movies = ids.T
    taste, kind = generator.normal(size=N_USERS), generator.normal(size=N_MOVIES)
    drift = generator.normal(0, 0.4, N_DAYS)
    stars = 3 + 0.4 * taste[users] * kind[movies] + drift[days]
    stars += generator.normal(0, 0.1, len(ids))
    return ids * 10 + 7, np.clip(stars, 0.5, 5), days * SECONDS_PER_DAY + 100.0


def rmse(predicted: np.ndarray, stars: np.ndarray) -> float:
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))


@pytest.mark.parametrize("with_days", [False, True])
def test_predictions_are_those_of_the_library(with_days: bool) -> None:
    ids, stars, times = planted()
    model = BayesianFM(
        scale=(-100, 100), factors=3, with_days=with_days, n_draws=12, burn_in=2, thinning=1
    ).fit(ids, stars, times)

    myfm = load_myfm()
    users, movies = (np.unique(column, return_inverse=True)[1] for column in ids.T)
    days = (times // SECONDS_PER_DAY).astype(int)
    rated = np.zeros((N_USERS, N_MOVIES))
    rated[users, movies] = 1
    sets = [table / np.sqrt(table.sum(axis=1, keepdims=True)) for table in (rated, rated.T)]
    blocks = [
        myfm.RelationBlock(codes, sparse.csr_matrix(np.hstack([np.eye(len(of)), of])))
        for codes, of in zip((users, movies), sets, strict=True)
    ]
    one_hot = sparse.csr_matrix(np.eye(N_DAYS)[days] if with_days else np.zeros((len(ids), 0)))
    theirs = myfm.MyFMRegressor(rank=3, random_seed=0).fit(
        one_hot,
        stars,
        X_rel=blocks,
        n_iter=12,
        n_kept_samples=10,
        group_shapes=[N_DAYS] * with_days + [N_USERS, N_MOVIES, N_MOVIES, N_USERS],
        callback=lambda *_: (False, None),
    )

    expected = theirs.predict(one_hot, blocks)
    np.testing.assert_allclose(model.predict(ids, times), expected, rtol=0, atol=1e-4)


def test_it_finds_what_was_planted() -> None:
    ids, stars, times = planted()
    held_out = np.random.default_rng(1).random(len(ids)) < 0.2
    rows = ids[~held_out], stars[~held_out], times[~held_out]

    errors = {
        with_days: rmse(
            BayesianFM(factors=2, with_days=with_days, n_draws=60)
            .fit(*rows)
            .predict(ids[held_out], times[held_out]),
            stars[held_out],
        )
        for with_days in (False, True)
    }

    assert errors[True] < 0.25 < errors[False]
    assert errors[False] < 0.9 * stars[held_out].std()


def test_who_is_not_known_gets_what_the_others_say() -> None:
    ids, stars, times = planted()
    model = BayesianFM(factors=2, with_days=True, n_draws=10, burn_in=2).fit(ids, stars, times)

    nobody = np.array([[-1, 7], [7, -1], [-1, -1]])
    predicted = model.predict(nobody, np.full(3, np.nan))

    assert np.isfinite(predicted).all()
    assert predicted[2] == pytest.approx(model.constants_.mean())
    np.testing.assert_array_equal(predicted, model.predict(nobody))


def test_times_are_no_matter_without_days() -> None:
    ids, stars, times = planted()
    model = BayesianFM(factors=2, n_draws=10, burn_in=2).fit(ids, stars, times)

    np.testing.assert_array_equal(model.predict(ids, times), model.predict(ids, times[::-1]))
    assert len(model.days_) == 0


def test_an_interval_holds_as_many_errors_as_promised() -> None:
    ids, stars, times = planted()
    model = BayesianFM(factors=2, n_draws=10, burn_in=2, level=0.8).fit(ids, stars, times)
    _, low, high = model.predict_all(ids)
    assert (low == 0.5).all()
    assert (high == 5).all()

    errors = np.random.default_rng(0).normal(size=999)
    model.calibrate(errors)

    assert np.mean(np.abs(errors) <= model.half_width_) == pytest.approx(0.8, abs=0.002)


def test_predictions_stay_on_the_scale() -> None:
    ids, stars, times = planted()
    model = BayesianFM(scale=(2.5, 3.5), factors=2, n_draws=10, burn_in=2)

    predicted, low, high = model.fit(ids, stars, times).predict_all(ids)

    assert predicted.min() >= 2.5
    assert predicted.max() <= 3.5
    assert (low >= 2.5).all()
    assert (high <= 3.5).all()
