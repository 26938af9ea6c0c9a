"""What the warehouse says of a user, in frames to draw."""

from collections.abc import Sequence
from enum import StrEnum

import duckdb
import pandas as pd

from models_ml.recommend.page import Rated


class Order(StrEnum):
    """How a user's ratings may be ordered."""

    HIGHEST = "highest first"
    LATEST = "latest first"
    FURTHEST = "furthest from the prediction first"


def frame(ratings: Sequence[Rated]) -> pd.DataFrame:
    """Put ratings into a frame: the columns of :class:`Rated`."""
    columns = ["rating", "prediction", "title", "genres", "rated_at"]
    rows = [[getattr(rated, column) for column in columns] for rated in ratings]
    made = pd.DataFrame(rows, columns=columns)
    return made.astype({"rating": float, "prediction": float, "rated_at": "datetime64[us]"})


def ordered(ratings: Sequence[Rated], order: Order, count: int) -> list[Rated]:
    """Take the first ratings of an order; of equal ones the first of ``ratings`` comes first."""

    def key(rated: Rated) -> float:
        if order is Order.LATEST:
            return -rated.rated_at.timestamp() if rated.rated_at else 0.0
        if order is Order.FURTHEST:
            return -abs(rated.rating - rated.prediction) if rated.prediction is not None else 0.0
        return -rated.rating

    return sorted(ratings, key=key)[:count]


def span(connection: duckdb.DuckDBPyConnection) -> tuple[int, int] | None:
    """Tell the lowest and the highest id of a user; ``None`` where there are no users."""
    ((lowest, highest),) = connection.execute(
        "select min(user_id), max(user_id) from core.dim_users"
    ).fetchall()
    return None if lowest is None else (lowest, highest)


def anybody(connection: duckdb.DuckDBPyConnection) -> int:
    """Draw a user."""
    ((user_id,),) = connection.execute(
        "select user_id from core.dim_users using sample 1 rows"
    ).fetchall()
    return int(user_id)
