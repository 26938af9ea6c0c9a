"""Models that know how far off each of their predictions may be."""

from abc import abstractmethod

import numpy as np
from sklearn.base import RegressorMixin

from models_ml.fitting.ids import Ids, Values
from models_ml.fitting.saving import SavedModel
from models_ml.ratings.conformal import conformal_quantile


class SpreadModel(RegressorMixin, SavedModel):  # type: ignore[misc]
    """A model of ratings that gives each prediction a standard deviation.

    An interval reaches as many of them to both sides as it takes for as many rows that no fit saw
    as promised (Lei et al., Distribution-free predictive inference for regression, JASA 113, 2018,
    section 5.2). Until :meth:`calibrate` was called it is as wide as the scale.

    Attributes:
        reach_: How many standard deviations an interval reaches, shape ().
    """

    scale: tuple[float, float]
    level: float
    reach_: np.float64 = np.float64(np.inf)

    @abstractmethod
    def predict_with_spread(
        self,
        X: Ids,  # noqa: N803 (scikit-learn's name)
        times: Values | None = None,
    ) -> tuple[Values, Values]:
        """Predict ratings and how far off they may be.

        Args:
            X: Ids, shape (rows, 2): a user's and a movie's in each row.
            times: When the ratings are given, in seconds since 1970, shape (rows,), NaN where that
                is not known.

        Returns:
            Ratings in stars, on the scale, and the standard deviations of what is really given
            around them, both of shape (rows,).
        """

    def predict(self, X: Ids, times: Values | None = None) -> Values:  # noqa: N803
        """Predict ratings in stars, on the scale, shape (rows,)."""
        return self.predict_with_spread(X, times)[0]

    def predict_all(
        self,
        X: Ids,  # noqa: N803
        times: Values | None = None,
    ) -> tuple[Values, Values, Values]:
        """Predict ratings and both ends of their intervals at once, each of shape (rows,)."""
        predicted, spread = self.predict_with_spread(X, times)
        return predicted, *self.interval(predicted, spread)

    def interval(self, predicted: Values, spread: Values) -> tuple[Values, Values]:
        """Give the lower and the upper ends of intervals, on the scale, both (rows,)."""
        low, high = self.scale
        half = np.minimum(self.reach_ * spread, high - low)
        return np.maximum(predicted - half, low), np.minimum(predicted + half, high)

    def calibrate(self, errors: Values, spreads: Values) -> None:
        """Choose how far intervals reach, from errors and spreads of rows that no fit saw."""
        self.reach_ = np.float64(conformal_quantile(np.abs(errors) / spreads, self.level))
