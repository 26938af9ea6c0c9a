"""Predictions of rows by fits that never saw them, fold by fold."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from models_ml.fitting.ids import Values, ids_and_ratings, ids_of
from models_ml.fitting.recipe import Task
from models_ml.ratings.content import Content
from warehouse.settings import read_settings


def fit_out_of_fold(
    model: BaseEstimator, rows: pd.DataFrame, content: Content
) -> tuple[Any, pd.DataFrame]:
    """Fit a model to all rows, and one for each fold to the rows of the other folds.

    The fits share nothing, so that they run in processes beside each other.

    Args:
        model: The model, not fitted. Its ``fit`` takes ids, ratings, content and times, its
            ``predict_with_spread`` ids and times.
        rows: ``user_id``, ``movie_id``, ``rating``, ``rated_at``, ``fold``.
        content: All movies.

    Returns:
        The model, fitted to all rows; and for each row, in their order, what the fit of its fold
        predicts, which did not see it: ``prediction`` and ``spread``.
    """
    from joblib import Parallel, delayed  # type: ignore[import-untyped]

    folds = rows["fold"].to_numpy()
    told = rows.drop(columns="rating")
    jobs = [
        delayed(_fit_and_predict)(clone(model), rows[folds != fold], told[folds == fold], content)
        for fold in np.unique(folds)
    ]
    whole = delayed(_fit)(clone(model), rows, content)
    fitted, *found = Parallel(n_jobs=read_settings().threads)([whole, *jobs])
    return fitted, pd.concat(found).loc[rows.index]


def fit_known_rows(model: Any, task: Task, content: Content) -> tuple[Any, dict[str, pd.DataFrame]]:
    """Fit a model on all rows that are not test rows, out of fold too, and predict the test rows.

    There is nothing that validation rows would have to choose. What the fits of the folds predict
    tells how wide intervals are, and is what a stack learns from.

    Args:
        model: The model, not fitted, as for :func:`fit_out_of_fold`, with ``calibrate``.
        task: The fit to make.
        content: All movies.

    Returns:
        The fitted model, and rows of ``ml.out_of_fold_predictions`` and ``ml.rating_predictions``.
    """
    rows, test = task.parts.known, task.parts.test
    model, found = fit_out_of_fold(model, rows, content)
    model.calibrate(found["prediction"] - rows["rating"], found["spread"])
    predicted, spread = model.predict_with_spread(ids_of(test), seconds_of(test["rated_at"]))
    low, high = model.interval(predicted, spread)
    ids = ["user_id", "movie_id"]
    return model, {
        "out_of_fold_predictions": rows[[*ids, "fold"]].assign(
            prediction=found["prediction"], spread=found["spread"]
        ),
        "rating_predictions": test[ids].assign(
            prediction=predicted, spread=spread, lower_bound=low, upper_bound=high
        ),
    }


def seconds_of(times: "pd.Series[pd.Timestamp]") -> Values:
    """Turn times into seconds since 1970, NaN where they are missing."""
    seconds = (times - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    return np.asarray(seconds.to_numpy(np.float64, na_value=np.nan))


def _fit(model: Any, rows: pd.DataFrame, content: Content) -> Any:
    return model.fit(*ids_and_ratings(rows), content, seconds_of(rows["rated_at"]))


def _fit_and_predict(
    model: Any, train: pd.DataFrame, rows: pd.DataFrame, content: Content
) -> pd.DataFrame:
    fitted = _fit(model, train, content)
    predicted, spread = fitted.predict_with_spread(ids_of(rows), seconds_of(rows["rated_at"]))
    return pd.DataFrame({"prediction": predicted, "spread": spread}, index=rows.index)
