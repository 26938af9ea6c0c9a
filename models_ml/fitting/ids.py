"""Ids of users and movies, and the dense codes that stand for them in arrays."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Values = NDArray[np.float64]


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
