"""Somebody new: what to rate first, and what follows from it."""

import math
from collections.abc import Mapping
from pathlib import Path

import duckdb

from models_ml.recommend.page import Suggestion

DOZEN = 12

MOST_CHOICES = 10
"""A scale with more steps than this is offered in whole stars."""


def start(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Take the movies to rate first: well known, and of many genres."""
    rows = connection.execute(
        "select movie_id from analytics.start_list where rank <= ? order by rank", [DOZEN]
    ).fetchall()
    return [movie_id for (movie_id,) in rows]


def choices(lowest: float, highest: float, step: float) -> list[float]:
    """Tell which numbers of stars may be given.

    Args:
        lowest: The lowest rating of the scale.
        highest: The highest.
        step: What lies between one rating and the next.
    """
    count = round((highest - lowest) / step) + 1
    if count <= MOST_CHOICES:
        return [round(lowest + number * step, 6) for number in range(count)]
    return [float(number) for number in range(math.ceil(lowest), math.floor(highest) + 1)]


def recommended(
    connection: duckdb.DuckDBPyConnection, models: Path, ratings: Mapping[int, float]
) -> list[Suggestion]:
    """List movies for somebody who gave these stars, by movie.

    Raises:
        UserError: The models are not trained on the present data.
    """
    # Imported here, since it takes seconds, and only this needs it
    from models_ml.recommend.newcomer import recommend

    _, suggestions = recommend(connection, models, ratings)
    return suggestions
