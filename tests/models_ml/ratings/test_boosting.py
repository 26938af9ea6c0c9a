import builtins
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models_ml.fitting.backend import load_lightgbm
from models_ml.fitting.ids import ids_of
from models_ml.fitting.recipe import Outcome, Parts, Task
from models_ml.ratings.boosting import Boosting, Rows, entities_of, feature_names, train
from tests.dbt_project.folds import marts_of, random_dataset
from warehouse.errors import UserError

NOBODY, NOTHING = 999, 999
PARAMS = {"n_estimators": 60, "min_child_samples": 5, "learning_rate": 0.1, "patience": 10}


def make_task(data: dict[str, pd.DataFrame], **params: object) -> Task:
    splits = data["features.rating_splits"]
    columns = ["user_id", "movie_id", "rating", "fold"]
    parts = {
        part: splits.loc[splits["random_split"] == part, columns]
        for part in ("train", "validation")
    }
    test = splits.loc[splits["random_split"] == "test", ["user_id", "movie_id"]]
    return Task(
        protocol="random",
        parts=Parts(**parts, test=test),
        marts=marts_of(data, "random"),
        scale=(0.5, 5.0),
        params={**PARAMS, **params},
        seed=0,
        report=lambda words: None,
    )


@pytest.fixture(scope="module")
def data() -> dict[str, pd.DataFrame]:
    return random_dataset(seed=0, users=60, movies=60, share=0.7)


@pytest.fixture(scope="module")
def task(data: dict[str, pd.DataFrame]) -> Task:
    return make_task(data)


@pytest.fixture(scope="module")
def outcome(task: Task) -> Outcome:
    return train(task)


def assert_same(one: Outcome, other: Outcome) -> None:
    for name in Boosting.state:
        np.testing.assert_array_equal(getattr(one.model, name), getattr(other.model, name), name)
    for table, frame in one.results.items():
        compared = frame.drop(columns="seconds", errors="ignore")
        others = other.results[table].drop(columns="seconds", errors="ignore")
        pd.testing.assert_frame_equal(compared, others, check_exact=True)


def test_it_beats_the_biases(data, task, outcome) -> None:
    splits = data["features.rating_splits"]
    stars = splits.loc[splits["random_split"] == "test", "rating"].to_numpy()
    ids = ids_of(task.parts.test)
    biases = np.clip(entities_of(task.marts, 0).biases(ids), 0.5, 5)
    assert np.mean((outcome.model.predict(ids) - stars) ** 2) < 0.9 * np.mean((biases - stars) ** 2)


def test_intervals_cover_new_rows_about_as_often_as_promised(data, outcome) -> None:
    splits = data["features.rating_splits"]
    test = splits[splits["random_split"] == "test"]
    lower, upper = outcome.model.predict_interval(ids_of(test))
    covered = test["rating"].between(lower, upper)
    # 490 rows, calibrated on as many: 0.06 are three standard deviations
    assert covered.mean() == pytest.approx(0.9, abs=0.06)


def test_predictions_lie_in_their_intervals_and_these_on_the_scale(task, outcome) -> None:
    known = ids_of(task.parts.test)
    unknown = np.array([[NOBODY, 1], [1, NOTHING], [NOBODY, NOTHING]])
    ids = np.vstack([known, unknown])
    lower, upper = outcome.model.predict_interval(ids)
    predicted = outcome.model.predict(ids)
    assert np.isfinite(predicted).all()
    assert ((lower >= 0.5) & (lower <= predicted) & (predicted <= upper) & (upper <= 5)).all()


def test_of_somebody_unknown_it_says_what_the_movie_is_worth(task, outcome) -> None:
    """Not what an unlucky default branch of a tree says: the mean over users is near."""
    movies = np.arange(1, 61)
    unknown = outcome.model.predict(np.column_stack([np.full(60, NOBODY), movies]))
    known = [
        outcome.model.predict(np.column_stack([np.full(60, user), movies])) for user in range(1, 61)
    ]
    means = np.mean(known, axis=0)
    assert np.abs(unknown - means).mean() < 0.2
    assert np.corrcoef(unknown, means)[0, 1] > 0.9


def test_intervals_of_somebody_unknown_are_wider(task, outcome) -> None:
    ids = ids_of(task.parts.test)
    hidden = np.column_stack([np.full(len(ids), NOBODY), ids[:, 1]])

    def width(rows: np.ndarray) -> float:
        lower, upper = outcome.model.predict_interval(rows)
        return float(np.mean(upper - lower))

    assert width(hidden) > width(ids)


def test_intervals_of_somebody_unknown_hold_the_promised_share_of_ratings(task, outcome) -> None:
    """Of the ratings of all whom the model does not know, each counting alike."""
    ids, ratings = ids_of(task.parts.validation), task.parts.validation["rating"].to_numpy()
    hidden = np.column_stack([np.full(len(ids), NOBODY), ids[:, 1]])
    lower, upper = outcome.model.predict_interval(hidden)
    held = ((lower <= ratings) & (ratings <= upper)).sum()
    needed = math.ceil(0.9 * (len(ratings) + 1))
    # More by ratings of one movie that are as far off
    assert needed <= held < needed + 5


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_changes_nothing(task, outcome, threads: int) -> None:
    with threadpool_limits(threads):
        assert_same(train(task), outcome)


def test_another_seed_gives_other_predictions(task, outcome) -> None:
    other = train(replace(task, seed=1))
    ids = ids_of(task.parts.test)
    assert not np.array_equal(other.model.predict(ids), outcome.model.predict(ids))


def test_the_order_of_rows_in_marts_changes_nothing(task, outcome) -> None:
    shuffled = {name: mart.sample(frac=1, random_state=5) for name, mart in task.marts.items()}
    assert_same(train(replace(task, marts=shuffled)), outcome)


def test_a_test_rating_is_reached_by_nothing(data, task, outcome) -> None:
    """Neither through the marts nor as a column, equal to the target, of the test rows."""
    splits = data["features.rating_splits"].copy()
    is_test = splits["random_split"] == "test"
    splits.loc[is_test, "rating"] = 5.5 - splits.loc[is_test, "rating"]
    changed = make_task({**data, "features.rating_splits": splits})
    planted = replace(changed.parts, test=splits[is_test].assign(target=splits["rating"]))
    assert_same(train(replace(changed, parts=planted)), outcome)


def test_it_fits_training_rows_with_the_features_of_their_own_fold(data, task, monkeypatch) -> None:
    seen = []

    def boost(self: Boosting, training: Rows, *rest: object) -> None:
        seen.append(training)
        raise InterruptedError

    monkeypatch.setattr(Boosting, "_boost", boost)
    with pytest.raises(InterruptedError):
        train(replace(task, params={**PARAMS, "hidden_share": 0.0}))

    splits = data["features.rating_splits"]
    rows = splits[splits["random_split"] == "train"].sort_values(
        ["fold", "user_id", "movie_id"], ignore_index=True
    )
    tables = task.marts["features.fold_user_features"].rename(columns={"held_out_fold": "fold"})
    joined = rows.merge(tables, on=["user_id", "fold"], how="left")
    column = feature_names(task.marts).index("user_bias")
    np.testing.assert_allclose(seen[0].features[:, column], joined["user_bias"], rtol=1e-5)
    np.testing.assert_array_equal(seen[0].stars, rows["rating"])


def test_hidden_rows_know_the_movie_alone(task) -> None:
    entities = entities_of(task.marts, 0)
    features = entities.features(np.array([[NOBODY, 1], [1, 1], [1, NOTHING]]))
    names = feature_names(task.marts)
    of_user = np.array([name.startswith(("user_", "genre_affinity")) for name in names])
    np.testing.assert_array_equal(np.isnan(features[0]), of_user)
    np.testing.assert_array_equal(features[0, ~of_user], features[1, ~of_user])
    known_of_user = of_user & (np.array(names) != "genre_affinity")
    np.testing.assert_array_equal(np.isnan(features[2]), ~known_of_user)


def test_the_affinity_of_a_row_is_the_mean_over_the_movies_genres(task) -> None:
    affinities = task.marts["features.fold_user_genre_features"]
    genres = task.marts["core.bridge_movie_genres"]
    affinities = affinities[(affinities["held_out_fold"] == 0) & (affinities["user_id"] == 7)]
    features = entities_of(task.marts, 0).features(np.column_stack([np.full(60, 7), range(1, 61)]))
    for movie, affinity in enumerate(
        features[:, feature_names(task.marts).index("genre_affinity")], 1
    ):
        names = genres.loc[genres["movie_id"] == movie, "genre"]
        known = affinities.set_index("genre")["genre_affinity"].reindex(names).fillna(0)
        assert affinity == pytest.approx(known.mean(), abs=1e-5)


def test_results(task, outcome) -> None:
    history, importances = (
        outcome.results[name] for name in ("training_history", "feature_importances")
    )
    assert list(history["epoch"]) == list(range(1, len(history) + 1))
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert list(importances["feature"]) == feature_names(task.marts)
    assert importances["gain_pct"].sum() == pytest.approx(100)
    assert importances["feature"].is_unique
    predicted = outcome.results["rating_predictions"]
    assert len(predicted) == len(task.parts.validation) + len(task.parts.test)


def test_a_serving_fit_predicts_nothing_yet(task) -> None:
    parts = replace(task.parts, test=task.parts.test.iloc[:0])
    served = train(replace(task, protocol="serving", parts=parts))
    assert set(served.results) == {"training_history", "feature_importances"}


def test_of_many_rows_some_are_fitted(data, task, outcome) -> None:
    limited = train(make_task(data, max_rows=300))

    assert limited.limits == {"fitted_rows": 300}
    assert outcome.limits == {}
    assert_same(limited, train(make_task(data, max_rows=300)))
    ids = ids_of(task.parts.test)
    assert not np.array_equal(limited.model.predict(ids), outcome.model.predict(ids))


def test_predicting_in_blocks_changes_nothing(task, outcome, monkeypatch) -> None:
    ids = ids_of(task.parts.test)
    whole = outcome.model.predict_all(ids)
    monkeypatch.setattr("models_ml.ratings.boosting.BLOCK", 7)
    np.testing.assert_array_equal(outcome.model.predict_all(ids), whole)


def test_too_few_validation_rows_promise_only_the_scale(task) -> None:
    few = replace(task.parts, validation=task.parts.validation.iloc[:8])
    model = train(replace(task, parts=few)).model
    lower, upper = model.predict_interval(ids_of(task.parts.test))
    assert set(lower) == {0.5}
    assert set(upper) == {5.0}


def test_a_missing_library_of_the_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def fails(name: str, *rest: Any) -> object:
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file")
        return real(name, *rest)

    load_lightgbm.cache_clear()
    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(UserError, match="libgomp1 on"):
        load_lightgbm()
