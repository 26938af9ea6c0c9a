"""The stack corrects the mean of its bases where there is something to learn, and only there."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models_ml.fitting.recipe import Parts, Task
from models_ml.fitting.training import trees_from_bytes
from models_ml.ratings.stack import LEAST_SPREAD, Stack, StackRows, stack_rows, train

QUICK: dict[str, Any] = {
    **{"n_estimators": 80, "patience": 10, "learning_rate": 0.1, "min_child_samples": 20},
    **{"n_seeds": 1, "units": (16, 8), "max_epochs": 60, "epoch_patience": 3, "num_leaves": 7},
}
COUNT = 2000
IS_VALIDATION = np.arange(COUNT) % 5 == 0


def rmse(predicted: np.ndarray, stars: np.ndarray) -> float:
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))


def planted(seed: int) -> tuple[StackRows, np.ndarray]:
    """Stars whose second feature says how far the start is off, and the first how much noise."""
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(COUNT, 4)).astype(np.float32)
    start = 3 + generator.normal(0, 0.3, COUNT)
    noise = generator.normal(size=COUNT) * np.where(features[:, 0] > 0, 0.4, 0.1)
    stars = start + 0.5 * np.sign(features[:, 1]) + noise
    features[::7, 3] = np.nan
    return StackRows(features, start), np.clip(stars, 0.5, 5)


ROWS, STARS = planted(0)
NEW_ROWS, NEW_STARS = planted(1)


def fit(**parameters: Any) -> Stack:
    return Stack(**{**QUICK, **parameters}).fit(ROWS, STARS, IS_VALIDATION)


@pytest.fixture(scope="module")
def fitted() -> Stack:
    return fit(n_seeds=2)


def test_it_learns_what_the_start_does_not_know(fitted: Stack) -> None:
    ideal = np.sqrt((0.4**2 + 0.1**2) / 2)

    assert rmse(NEW_ROWS.start, NEW_STARS) > 0.5
    assert rmse(fitted.predict(NEW_ROWS), NEW_STARS) < 1.15 * ideal


def test_from_shuffled_stars_it_learns_nothing() -> None:
    """What it predicts has nothing to do with new stars, so that it can beat their mean by luck."""
    generator = np.random.default_rng(2)
    rows = StackRows(ROWS.features, np.full(COUNT, STARS.mean()))
    model = Stack(**QUICK).fit(rows, generator.permutation(STARS), IS_VALIDATION)
    new = StackRows(NEW_ROWS.features, np.full(COUNT, STARS.mean()))

    added = model.predict(new) - STARS.mean()
    stars = generator.permutation(NEW_STARS)

    luck = 4 * 2 * stars.std() * np.sqrt(np.mean(added**2) / COUNT)
    assert rmse(model.predict(new), stars) ** 2 > rmse(new.start, stars) ** 2 - luck
    assert rmse(model.predict(new), stars) < 1.02 * stars.std()


def test_intervals_are_wider_where_there_is_more_noise_and_hold_as_promised(fitted: Stack) -> None:
    _, low, high = fitted.predict_all(NEW_ROWS)
    inside, is_noisy = (low <= NEW_STARS) & (high >= NEW_STARS), NEW_ROWS.features[:, 0] > 0

    assert inside.mean() == pytest.approx(0.9, abs=0.03)
    for rows in (is_noisy, ~is_noisy):
        assert inside[rows].mean() == pytest.approx(0.9, abs=0.06)
    widths = high - low
    assert widths[is_noisy].mean() > 2 * widths[~is_noisy].mean()


def test_predictions_stay_on_the_scale() -> None:
    predicted, low, high = fit(scale=(2.8, 3.2)).predict_all(NEW_ROWS)

    assert (predicted.min(), predicted.max()) == (2.8, 3.2)
    assert low.min() >= 2.8
    assert high.max() <= 3.2


def test_a_prediction_is_the_start_and_half_of_trees_and_networks(fitted: Stack) -> None:
    texts = np.split(fitted.ensembles_, fitted.ends_[:-1])
    by_trees = np.mean([trees_from_bytes(text).predict(NEW_ROWS.features) for text in texts], 0)

    rest = 2 * (fitted.predict(NEW_ROWS) - NEW_ROWS.start) - by_trees

    scaled = np.clip((NEW_ROWS.features - fitted.centres_) / fitted.widths_, -3, 3)
    values = np.nan_to_num(scaled)
    by_network = []
    for network in range(2):
        hidden = np.maximum(values @ fitted.weights_0_[network] + fitted.biases_0_[network], 0)
        hidden = np.maximum(hidden @ fitted.weights_1_[network] + fitted.biases_1_[network], 0)
        by_network.append((hidden @ fitted.weights_2_[network] + fitted.biases_2_[network])[:, 0])
    predicted = fitted.predict(NEW_ROWS)
    inner = (predicted > 0.5) & (predicted < 5)
    np.testing.assert_allclose(rest[inner], np.mean(by_network, 0)[inner], atol=1e-4)


def test_each_seed_has_an_ensemble_of_its_own(fitted: Stack) -> None:
    first, second = np.split(fitted.ensembles_, fitted.ends_[:-1])

    assert fitted.ends_[-1] == len(fitted.ensembles_)
    assert first.tobytes() != second.tobytes()


def test_a_spread_is_never_less_than_the_least() -> None:
    trees = SimpleNamespace(predict=lambda features: np.array([-1, 0, 0.2]))

    assert Stack()._spread(trees, ROWS).tolist() == [LEAST_SPREAD, LEAST_SPREAD, 0.2]


def test_stars_of_validation_rows_are_learnt_in_the_end(fitted: Stack) -> None:
    """They choose first, and are fitted then."""
    changed = np.where(IS_VALIDATION, STARS - 0.3, STARS)
    other = Stack(**QUICK).fit(ROWS, changed, IS_VALIDATION)

    assert (other.predict(NEW_ROWS) - fitted.predict(NEW_ROWS)).mean() < -0.03


def test_of_more_rows_than_may_be_so_many_are_fitted(fitted: Stack) -> None:
    few = fit(max_rows=1000)

    assert few.limits_ == {"fitted_rows": 1000}
    assert fitted.limits_ == {}
    np.testing.assert_array_equal(few.predict(ROWS), fit(max_rows=1000).predict(ROWS))


def test_the_same_seed_gives_the_same_model(fitted: Stack) -> None:
    again = fit(n_seeds=2)

    for name in Stack.state:
        np.testing.assert_array_equal(getattr(again, name), getattr(fitted, name), err_msg=name)
    assert (fit(random_state=1).predict(ROWS) != fitted.predict(ROWS)).any()


def test_a_saved_model_predicts_the_same(fitted: Stack, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    loaded = Stack.load(tmp_path / "model")

    for ours, theirs in zip(
        loaded.predict_all(NEW_ROWS), fitted.predict_all(NEW_ROWS), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_row_of_which_nothing_is_known_has_a_prediction(fitted: Stack) -> None:
    nothing = StackRows(np.full((1, 4), np.nan, np.float32), np.array([3.0]))

    for values in fitted.predict_all(nothing):
        assert np.isfinite(values).all()


KEY = ["user_id", "movie_id"]
Order = Callable[[pd.DataFrame], pd.DataFrame]


def as_it_is(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def task(order: Order = as_it_is, test_shift: float = 0.0) -> Task:
    """Ratings that one base is 0.2 above and another 0.4 below, by and large.

    A feature of the mart knows by how much.

    Args:
        order: Puts the rows of each frame but the parts into an order.
        test_shift: Is added to what marts and bases say of test rows.
    """
    generator = np.random.default_rng(0)
    users, movies = np.divmod(np.arange(1000), 25)
    truth = generator.uniform(1, 4.5, 1000)
    rows = pd.DataFrame({"user_id": users * 3 + 5, "movie_id": movies * 2 + 9})
    is_test = np.arange(1000) % 10 == 9
    is_validation = np.arange(1000) % 10 == 8
    shift = np.where(is_test, test_shift, 0)
    rated = rows.assign(
        rating=truth + 0.2 * np.sign(truth % 1 - 0.5) + generator.normal(0, 0.1, 1000),
        rated_at=pd.Timestamp("2020-01-01"),
        fold=movies % 5 + 1,
    )
    mart = rows.assign(held_out_fold=rated["fold"].where(~is_test, 0), feature=truth % 1 + shift)
    bases = {
        name: order(rows.assign(prediction=truth + off + shift, spread=0.3))
        for name, off in (("above", 0.2), ("below", -0.4))
    }
    # What was not asked for is no row of the stack
    stranger = mart.iloc[:1].assign(user_id=-1)
    return Task(
        protocol="random",
        parts=Parts(
            rated[~is_test & ~is_validation],
            rated[is_validation],
            rated[is_test][[*KEY, "rated_at"]],
        ),
        marts={"features.stack_features": order(pd.concat([mart, stranger]))},
        bases=bases,
        scale=(0.5, 5.0),
        params=QUICK,
        seed=0,
        report=lambda words: None,
    )


ORDERS: dict[str, Order] = {
    "as it is": as_it_is,
    "reversed": lambda rows: rows.iloc[::-1],
    "mixed": partial(pd.DataFrame.sample, frac=1.0, random_state=1),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_the_start_of_a_row_is_the_mean_of_what_its_bases_say(order: Order) -> None:
    rows, names = stack_rows(task(order))

    assert names == [
        *("feature", "above prediction", "above spread", "below prediction", "below spread")
    ]
    bases = task().bases
    for _, row in bases["above"].merge(bases["below"], on=KEY).iloc[::37].iterrows():
        found = rows.loc[(row["user_id"], row["movie_id"])]
        start = (row["prediction_x"] + row["prediction_y"]) / 2
        assert found["start"] == pytest.approx(start, abs=1e-5)
        assert found["feature"] == pytest.approx((start + 0.1) % 1, abs=1e-4)
    assert len(rows) == 1000


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_each_row_is_fitted_with_its_own_rating(order: Order) -> None:
    """Whatever the order of frames, the start misses by 0.1, the feature's 0.2, and the noise."""
    seen = {}

    class Watched(Stack):
        def fit(self, X: StackRows, y: np.ndarray, *rest: Any) -> Stack:  # noqa: N803
            seen["misses"] = y - X.start
            return super().fit(X, y, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models_ml.ratings.stack.Stack", Watched)
        train(task(order))

    assert seen["misses"].mean() == pytest.approx(0.1, abs=0.03)
    assert seen["misses"].std() == pytest.approx(np.hypot(0.2, 0.1), abs=0.02)


def test_a_training_predicts_the_test_rows_and_tells_of_features() -> None:
    given = task()
    outcome = train(given)
    predicted = outcome.results["rating_predictions"]
    importances = outcome.results["feature_importances"]

    assert list(predicted) == [*KEY, "prediction", "lower_bound", "upper_bound"]
    pd.testing.assert_frame_equal(predicted[KEY], given.parts.test[KEY])
    assert importances["gain_pct"].sum() == pytest.approx(100)
    assert list(outcome.results["training_history"]) == ["epoch", "loss", "val_loss", "seconds"]


def test_a_rating_of_a_test_row_changes_nothing() -> None:
    given = task()
    told = [
        replace(given, parts=replace(given.parts, test=given.parts.test.assign(rating=stars)))
        for stars in (0.5, 5.0)
    ]
    low, high = (train(one).results["rating_predictions"] for one in told)

    pd.testing.assert_frame_equal(low, high, check_exact=True)


def test_what_is_known_of_test_rows_moves_no_fit() -> None:
    before, after = train(task()).model, train(task(test_shift=0.4)).model

    for name in Stack.state:
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name), err_msg=name)
