import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from models_ml.fitting.ids import Values
from models_ml.ratings.out_of_fold import fit_out_of_fold


class Sum(BaseEstimator):  # type: ignore[misc]
    """Predicts the sum of the ratings that it was fitted to."""

    total = 0.0


def fit(model: Sum, rows: pd.DataFrame) -> Sum:
    model.total = float(rows["rating"].sum())
    return model


def predict(model: Sum, rows: pd.DataFrame) -> Values:
    assert "rating" not in rows
    return np.full(len(rows), model.total)


def test_each_row_is_predicted_from_the_other_folds() -> None:
    rows = pd.DataFrame(
        {
            "user_id": 1,
            "movie_id": range(6),
            "rating": [1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0],
            "rated_at": pd.Timestamp(0),
            "fold": [2, 1, 2, 3, 1, 3],
        }
    )

    whole, predicted = fit_out_of_fold(Sum(), rows, fit, predict)

    assert whole.total == 111_111
    expected = [rows.loc[rows["fold"] != fold, "rating"].sum() for fold in rows["fold"]]
    np.testing.assert_array_equal(predicted, expected)


def test_a_rating_of_the_own_fold_changes_no_prediction_of_it() -> None:
    generator = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "user_id": 1,
            "movie_id": range(50),
            "rating": generator.integers(1, 11, 50) / 2,
            "rated_at": pd.Timestamp(0),
            "fold": generator.integers(1, 6, 50),
        }
    )
    changed = rows.assign(rating=rows["rating"].where(rows["fold"] != 3, 5.0))

    _, before = fit_out_of_fold(Sum(), rows, fit, predict)
    _, after = fit_out_of_fold(Sum(), changed, fit, predict)

    is_held_out = (rows["fold"] == 3).to_numpy()
    np.testing.assert_array_equal(before[is_held_out], after[is_held_out])
    assert (before[~is_held_out] != after[~is_held_out]).all()
