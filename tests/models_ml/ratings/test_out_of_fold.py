"""Each row is predicted by a fit that saw the other folds alone."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from models_ml.fitting.ids import Ids, Values
from models_ml.fitting.recipe import Parts, Task
from models_ml.ratings.content import Content
from models_ml.ratings.out_of_fold import fit_known_rows, fit_out_of_fold, seconds_of
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


def test_each_row_is_predicted_from_the_other_folds() -> None:
    whole, predicted = fit_out_of_fold(Sum(), ROWS, CONTENT)

    assert whole.total_ == 111_111
    expected = [ROWS.loc[ROWS["fold"] != fold, "rating"].sum() for fold in ROWS["fold"]]
    assert predicted["prediction"].tolist() == expected
    assert predicted["spread"].tolist() == [4] * 6


def test_predictions_stand_in_the_order_of_the_rows() -> None:
    mixed = ROWS.iloc[[3, 0, 5, 1, 4, 2]]

    _, predicted = fit_out_of_fold(Sum(), mixed, CONTENT)

    assert predicted.index.tolist() == mixed.index.tolist()
    expected = [ROWS.loc[ROWS["fold"] != fold, "rating"].sum() for fold in mixed["fold"]]
    assert predicted["prediction"].tolist() == expected


def test_a_rating_of_the_own_fold_changes_no_prediction_of_it() -> None:
    generator = np.random.default_rng(0)
    rows = rows_of(
        (generator.integers(1, 11, 50) / 2).tolist(), generator.integers(1, 6, 50).tolist()
    )
    is_changed = rows["fold"] == 3
    changed = rows.assign(rating=rows["rating"].mask(is_changed, 50.0))

    _, before = fit_out_of_fold(Sum(), rows, CONTENT)
    _, after = fit_out_of_fold(Sum(), changed, CONTENT)

    pd.testing.assert_frame_equal(before[is_changed], after[is_changed])
    assert (before["prediction"] != after["prediction"])[~is_changed].all()


def test_the_given_model_stays_as_it_was() -> None:
    model = Sum(level=0.7)

    whole, _ = fit_out_of_fold(model, ROWS, CONTENT)

    assert not hasattr(model, "total_")
    assert whole.level == 0.7


def test_times_are_seconds_and_nan_where_they_are_missing() -> None:
    times = pd.Series([pd.Timestamp("1970-01-02 00:00:01.5"), pd.NaT])

    np.testing.assert_array_equal(seconds_of(times), [86_401.5, np.nan])
    assert np.isnan(seconds_of(pd.Series([None, None], dtype="datetime64[us]"))).all()


def task() -> Task:
    test = rows_of([0.0, 0.0], [1, 1]).drop(columns=["rating", "fold"])
    return Task(
        protocol="random",
        parts=Parts(ROWS[:4], ROWS[4:], test.assign(movie_id=[100, 200])),
        marts={},
        scale=(0.0, 1e9),
        params={},
        seed=0,
        report=lambda words: None,
    )


def test_known_rows_are_predicted_out_of_fold_and_test_rows_by_the_whole() -> None:
    _, results = fit_known_rows(Sum(), task(), CONTENT)
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
