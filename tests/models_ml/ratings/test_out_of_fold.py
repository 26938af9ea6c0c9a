"""Each row is predicted by a fit that saw the other folds alone."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from models_ml.fitting.ids import Ids, Values
from models_ml.fitting.recipe import Parts, Protocol, Task
from models_ml.ratings.content import Content
from models_ml.ratings.out_of_fold import (
    STACKED_PROTOCOLS,
    fit_apart,
    fit_known_rows,
    seconds_of,
)
from models_ml.ratings.spread import SpreadModel
from tests.models_ml.ratings.planted import made_content

CONTENT = made_content(5)


class Sum(SpreadModel):
    """Predicts the sum of the ratings of its fit, and their number as the spread."""

    state: ClassVar = ("total_", "count_")

    def __init__(self, scale: tuple[float, float] = (0.0, 1e9), level: float = 0.5) -> None:
        self.scale = scale
        self.level = level

    def fit(self, X: Ids, y: Values, content: Content, times: Values) -> "Sum":  # noqa: N803
        assert content.movie_ids.tolist() == CONTENT.movie_ids.tolist()
        assert len(X) == len(y) == len(times)
        self.total_, self.count_ = np.float64(y.sum()), np.int64(len(y))
        self.times_ = times
        return self

    def predict_with_spread(
        self,
        X: Ids,  # noqa: N803
        times: Values | None = None,
    ) -> tuple[Values, Values]:
        assert times is not None
        return np.full(len(X), self.total_), np.full(len(X), float(self.count_))


def rows_of(ratings: list[float], folds: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": 1,
            "movie_id": range(len(ratings)),
            "rating": ratings,
            "rated_at": pd.Timestamp(0),
            "fold": folds,
        }
    )


ROWS = rows_of([1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0], [2, 1, 2, 3, 1, 3])


SETS = [(ROWS["fold"] == fold).to_numpy() for fold in (1, 2, 3)]


def test_each_set_is_predicted_from_the_rows_outside_it() -> None:
    whole, found = fit_apart(Sum(), ROWS, CONTENT, SETS)

    assert whole.total_ == 111_111
    for is_in, predicted in zip(SETS, found, strict=True):
        assert predicted.index.tolist() == ROWS.index[is_in].tolist()
        assert set(predicted["prediction"]) == {ROWS.loc[~is_in, "rating"].sum()}
        assert predicted["spread"].tolist() == [4] * 2


def test_a_rating_of_a_set_changes_no_prediction_of_it() -> None:
    generator = np.random.default_rng(0)
    rows = rows_of(
        (generator.integers(1, 11, 50) / 2).tolist(), generator.integers(1, 6, 50).tolist()
    )
    sets = [(rows["fold"] == fold).to_numpy() for fold in (3, 4)]
    changed = rows.assign(rating=rows["rating"].mask(sets[0], 50.0))

    _, before = fit_apart(Sum(), rows, CONTENT, sets)
    _, after = fit_apart(Sum(), changed, CONTENT, sets)

    pd.testing.assert_frame_equal(before[0], after[0])
    assert (before[1]["prediction"] != after[1]["prediction"]).all()


def test_the_given_model_stays_as_it_was() -> None:
    model = Sum(level=0.7)

    whole, _ = fit_apart(model, ROWS, CONTENT, SETS)

    assert not hasattr(model, "total_")
    assert whole.level == 0.7


def test_times_are_seconds_and_nan_where_they_are_missing() -> None:
    times = pd.Series([pd.Timestamp("1970-01-02 00:00:01.5"), pd.NaT])

    np.testing.assert_array_equal(seconds_of(times), [86_401.5, np.nan])
    assert np.isnan(seconds_of(pd.Series([None, None], dtype="datetime64[us]"))).all()


def task(protocol: Protocol = "random") -> Task:
    test = rows_of([0.0, 0.0], [1, 1]).drop(columns=["rating", "fold"])
    return Task(
        protocol=protocol,
        parts=Parts(ROWS[:4], ROWS[4:], test.assign(movie_id=[100, 200])),
        marts={},
        scale=(0.0, 1e9),
        params={},
        seed=0,
        report=lambda words: None,
    )


@pytest.mark.parametrize("protocol", STACKED_PROTOCOLS)
def test_known_rows_are_predicted_out_of_fold_and_test_rows_by_the_whole(
    protocol: Protocol,
) -> None:
    _, results = fit_known_rows(Sum(), task(protocol), CONTENT)
    known, test = results["out_of_fold_predictions"], results["rating_predictions"]

    assert list(known) == ["user_id", "movie_id", "fold", "prediction", "spread"]
    assert known["movie_id"].tolist() == ROWS["movie_id"].tolist()
    expected = [ROWS.loc[ROWS["fold"] != fold, "rating"].sum() for fold in ROWS["fold"]]
    assert known["prediction"].tolist() == expected
    assert test["movie_id"].tolist() == [100, 200]
    assert test["prediction"].tolist() == [111_111] * 2


def test_intervals_reach_as_far_as_out_of_fold_errors_ask_for() -> None:
    model, results = fit_known_rows(Sum(), task(), CONTENT)
    known, test = results["out_of_fold_predictions"], results["rating_predictions"]

    # Of six errors, the fourth is that which half of new ones do not exceed
    ratios = (known["prediction"] - ROWS["rating"]).abs() / known["spread"]
    assert model.reach_ == pytest.approx(sorted(ratios)[3])
    assert test["lower_bound"].iloc[0] == max(111_111 - 6 * model.reach_, 0)
    assert test["upper_bound"].iloc[0] == 111_111 + 6 * model.reach_


@pytest.mark.parametrize("protocol", ["temporal", "last"])
def test_where_test_rows_are_later_intervals_reach_as_far_as_validation_rows_ask_for(
    protocol: Protocol,
) -> None:
    model, results = fit_known_rows(Sum(), task(protocol), CONTENT)

    # The training rows are the first four, so that their sum is 1,111; half of 2 errors is the 2nd
    errors = (1_111 - ROWS["rating"][4:]).abs() / 4
    assert model.reach_ == pytest.approx(max(errors))
    assert ("out_of_fold_predictions" in results) == (protocol == "last")
    assert results["rating_predictions"]["prediction"].tolist() == [111_111] * 2
