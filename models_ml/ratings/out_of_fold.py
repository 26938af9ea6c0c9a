"""Predictions of rows by fits that never saw them, fold by fold."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from models_ml.fitting.ids import Values, ids_and_ratings, ids_of
from models_ml.fitting.recipe import Protocol, Task
from models_ml.ratings.content import Content
from warehouse.settings import read_settings

STACKED_PROTOCOLS: tuple[Protocol, ...] = ("random", "last")
"""Protocols in which stacks learn from out-of-fold predictions."""


def fit_apart(
    model: BaseEstimator, rows: pd.DataFrame, content: Content, sets: list[NDArray[np.bool_]]
) -> tuple[Any, list[pd.DataFrame]]:
    """Fit a model to all rows, and for each of some sets of rows one to the rows outside it.

    The fits share nothing, so that they run in processes beside each other.

    Args:
        model: The model, not fitted. Its ``fit`` takes ids, ratings, content and times, its
            ``predict_with_spread`` ids and times.
        rows: ``user_id``, ``movie_id``, ``rating``, ``rated_at``.
        content: All movies.
        sets: Which rows are in each set, of shape (rows,) each.

    Returns:
        The model, fitted to all rows; and for each set its rows, in their order, as the fit that
        did not see them predicts them: ``prediction`` and ``spread``.
    """
    from joblib import Parallel, delayed  # type: ignore[import-untyped]

    told = rows.drop(columns="rating")
    jobs = [
        delayed(_fit_and_predict)(clone(model), rows[~is_in], told[is_in], content)
        for is_in in sets
    ]
    whole = delayed(_fit)(clone(model), rows, content)
    fitted, *found = Parallel(n_jobs=read_settings().threads)([whole, *jobs])
    return fitted, found


def fit_known_rows(model: Any, task: Task, content: Content) -> tuple[Any, dict[str, pd.DataFrame]]:
    """Fit a model on all rows that are not test rows, and predict the test rows.

    Where a stack is to learn from the model, each fold is predicted by a fit to the other folds.
    How wide intervals are follows from rows that are to their fit what the test rows are to the
    model: those of all folds where test rows were drawn at random; where they are later ones, the
    validation rows, predicted by a fit to the training rows.

    Args:
        model: The model, not fitted, as for :func:`fit_apart`, with ``calibrate``.
        task: The fit to make.
        content: All movies.

    Returns:
        The fitted model, and rows of ``ml.rating_predictions`` and, for a stack, of
        ``ml.out_of_fold_predictions``.
    """
    rows, test = task.parts.known, task.parts.test
    is_validation = np.arange(len(rows)) >= len(task.parts.train)
    is_later, is_stacked = task.protocol != "random", task.protocol in STACKED_PROTOCOLS
    numbers = rows["fold"].to_numpy()
    folds = [numbers == fold for fold in np.unique(numbers)] if is_stacked else []
    model, found = fit_apart(model, rows, content, [*folds, *[is_validation] * is_later])
    alike = found[-1] if is_later else pd.concat(found)
    model.calibrate(alike["prediction"] - rows["rating"].loc[alike.index], alike["spread"])
    predicted, spread = model.predict_with_spread(ids_of(test), seconds_of(test["rated_at"]))
    low, high = model.interval(predicted, spread)
    ids = ["user_id", "movie_id"]
    results = {
        "rating_predictions": test[ids].assign(
            prediction=predicted, spread=spread, lower_bound=low, upper_bound=high
        )
    }
    if is_stacked:
        results["out_of_fold_predictions"] = rows[[*ids, "fold"]].join(
            pd.concat(found[: len(folds)])
        )
    return model, results


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
