"""Ids of users and movies, and the dense codes that stand for them in arrays."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Values = NDArray[np.float64]


def codes_of(ids: Ids, known: Ids) -> NDArray[np.int64]:
    """Turn ids into dense codes.

    Args:
        ids: Ids, shape (rows,).
        known: The known ids, each once, in any order.

    Returns:
        Positions in ``known``, shape (rows,); ``len(known)`` for unknown ids.
    """
    codes = pd.Index(known).get_indexer(pd.Index(ids))
    return np.where(codes < 0, len(known), codes)


def ids_of(rows: pd.DataFrame) -> Ids:
    """Take the ids out of rows, shape (rows, 2): a user's and a movie's in each."""
    return rows[["user_id", "movie_id"]].to_numpy(np.int64)


def ids_and_ratings(rows: pd.DataFrame) -> tuple[Ids, Values]:
    """Take ids, shape (rows, 2), and ratings in stars, shape (rows,), out of rows."""
    return ids_of(rows), rows["rating"].to_numpy(np.float64)
