"""What all models that predict ratings share."""

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.recipe import Parts

Ids = NDArray[np.int64]
Values = NDArray[np.float64]


class RatingModel(Protocol):
    """A fitted model that predicts a rating for any user and movie, known or not."""

    def predict(self, X: Ids) -> Values:  # noqa: N803 (scikit-learn's name)
        """Predict ratings in stars, on the scale.

        Args:
            X: Ids, shape (rows, 2): a user's and a movie's in each row.

        Returns:
            Ratings, shape (rows,), never NaN.
        """


class IntervalModel(RatingModel, Protocol):
    """A fitted model that also tells between which stars a rating is likely to lie."""

    def predict_interval(self, X: Ids) -> tuple[Values, Values]:  # noqa: N803
        """Predict the lower and the upper ends of intervals, on the scale, both (rows,)."""


def codes_of(ids: Ids, known: Ids) -> NDArray[np.int64]:
    """Turn ids into dense codes.

    Args:
        ids: Ids, of any shape.
        known: The known ids, ascending; at least one.

    Returns:
        Positions in ``known``, of the shape of ``ids``; ``len(known)`` for unknown ones.
    """
    places = np.searchsorted(known, ids)
    is_known = known[np.minimum(places, len(known) - 1)] == ids
    return np.where(is_known, places, len(known))


def ids_of(rows: pd.DataFrame) -> Ids:
    """Take the ids out of rows, shape (rows, 2): a user's and a movie's in each."""
    return rows[["user_id", "movie_id"]].to_numpy(np.int64)


def predictions(model: RatingModel, parts: Parts) -> pd.DataFrame:
    """Predict the validation and test rows: ``user_id``, ``movie_id``, ``prediction``."""
    rows = pd.concat([parts.validation, parts.test], ignore_index=True)[["user_id", "movie_id"]]
    return rows.assign(prediction=model.predict(ids_of(rows)))


def predictions_with_intervals(model: IntervalModel, parts: Parts) -> pd.DataFrame:
    """Predict the same rows with their intervals: ``lower_bound``, ``upper_bound`` as well."""
    rows = predictions(model, parts)
    lower, upper = model.predict_interval(ids_of(rows))
    return rows.assign(lower_bound=lower, upper_bound=upper)
