"""What all models that predict ratings share."""

from typing import Protocol

import pandas as pd

from models_ml.fitting.ids import Ids, Values, ids_of
from models_ml.fitting.recipe import Parts


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


def predictions(model: RatingModel, parts: Parts) -> pd.DataFrame:
    """Predict the validation and test rows: ``user_id``, ``movie_id``, ``prediction``."""
    rows = pd.concat([parts.validation, parts.test], ignore_index=True)[["user_id", "movie_id"]]
    return rows.assign(prediction=model.predict(ids_of(rows)))


def predictions_with_intervals(model: IntervalModel, parts: Parts) -> pd.DataFrame:
    """Predict the same rows with their intervals: ``lower_bound``, ``upper_bound`` as well."""
    rows = predictions(model, parts)
    lower, upper = model.predict_interval(ids_of(rows))
    return rows.assign(lower_bound=lower, upper_bound=upper)
