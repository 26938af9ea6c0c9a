"""Intervals whose coverage holds for any model, by split conformal prediction."""

import math

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-9
"""What binary fractions lose must not lift a whole number, as in 0.7 * 10, to the next one."""


def conformal_quantile(scores: NDArray[np.float64], level: float) -> float:
    """Find the score that a new row's exceeds with a probability of at most ``1 - level``.

    That is the ceil((n + 1) level)-th smallest of n scores, if the new row and the n are
    exchangeable: drawn alike, and none of them used in the fit that the scores judge (Vovk,
    Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Lei et al.,
    Distribution-free predictive inference for regression, JASA 113, 2018). A score may be an
    absolute error, or how far a rating lies outside an interval, negative inside (Romano,
    Patterson and Candès, Conformalized quantile regression, NeurIPS 2019).

    Args:
        scores: Scores of calibration rows, shape (rows,).
        level: The probability with which a new score is to lie at or below the result.

    Returns:
        The score; infinite where the rows are too few to promise the level.

    Raises:
        ValueError: The level does not lie between 0 and 1, or a score is NaN.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, and is {level}")
    if np.isnan(scores).any():
        raise ValueError("a score is NaN")
    rank = math.ceil((len(scores) + 1) * level - TOLERANCE)
    if rank > len(scores):
        return math.inf
    return float(np.partition(scores, rank - 1)[rank - 1])
