"""What the warehouse says of a user, and whom it knows.

Ids stand in the text of queries: DuckDB imports pandas to look at a parameter, and that takes
longer than all else.
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from models_ml.recommend.page import Rated, Suggestion
from warehouse.errors import UserError

TITLE = "coalesce(title, 'movie ' || movie_id)"
SHOWN = 20
"""Ratings on a page."""


@dataclass(frozen=True)
class User:
    """A user of the warehouse.

    Attributes:
        user_id: The user's id.
        rating_count: Number of ratings.
        mean_rating: Their mean, in stars.
        first_rated_at: When the first was given, in UTC; ``None`` where that is not known.
        last_rated_at: When the last was given.
        segment: The number of the user's segment; ``None`` without segments.
        segment_name: Its name.
    """

    user_id: int
    rating_count: int
    mean_rating: float
    first_rated_at: datetime | None
    last_rated_at: datetime | None
    segment: int | None
    segment_name: str | None


def find_user(connection: duckdb.DuckDBPyConnection, user_id: int) -> User | None:
    """Look a user up; ``None`` where the warehouse has no such user."""
    found = connection.execute(
        "select user_id, rating_count, mean_rating, first_rated_at, last_rated_at, segment, name"
        " from core.dim_users left join ("
        "   select user_id, segment, name from ml.user_segments"
        "   inner join predictions.segment_profiles using (run_id, segment)"
        f" ) using (user_id) where user_id = {user_id:d}"
    ).fetchall()
    return User(*found[0]) if found else None


def headline(connection: duckdb.DuckDBPyConnection, user_id: int) -> list[str]:
    """Say in lines who a user is: ratings, and the segment where there are any.

    Raises:
        UserError: The warehouse has no such user.
    """
    user = find_user(connection, user_id)
    if user is None:
        ((count, lowest, highest),) = connection.execute(
            "select count(*), min(user_id), max(user_id) from core.dim_users"
        ).fetchall()
        raise UserError(
            f"There is no user {user_id}: the warehouse has {count:,} users,"
            f" {lowest} to {highest}. Somebody new gives RATINGS=file."
        )
    lines = [
        f"User {user_id}: {user.rating_count:,} ratings, {user.mean_rating:.1f} stars on average"
    ]
    if user.segment is not None:
        lines.append(f"Segment {user.segment}: {user.segment_name}")
    return lines


def rated(connection: duckdb.DuckDBPyConnection, user_id: int) -> list[Rated]:
    """Take a user's ratings with predictions, the highest first.

    Of equal ratings the one with the higher prediction comes first.
    """
    rows = connection.execute(
        f"select rating, prediction, {TITLE}, genres, rated_at from core.fct_ratings"
        " left join predictions.current_predictions using (user_id, movie_id, rating)"
        f" inner join core.dim_movies using (movie_id) where user_id = {user_id:d}"
        " order by rating desc, prediction desc nulls last, movie_id"
    ).fetchall()
    return [Rated(*row) for row in rows]


def recommended(connection: duckdb.DuckDBPyConnection, user_id: int) -> list[Suggestion]:
    """Take a user's list.

    Raises:
        UserError: Nothing was trained on these data.
    """
    rows = connection.execute(
        f"select rank, {TITLE}, genres, reason, prediction, lower_bound, upper_bound"
        f" from predictions.current_recommendations where user_id = {user_id:d} order by rank"
    ).fetchall()
    if (
        not rows
        and not connection.execute(
            "select run_id from predictions.current_runs where role = 'lists' and serves"
        ).fetchall()
    ):
        raise no_model("makes lists")
    return [Suggestion(*row) for row in rows]


def no_model(purpose: str) -> UserError:
    """Say that no model is trained that, for instance, ``makes lists``."""
    return UserError(
        f"The warehouse has no model of its present ratings that {purpose}: `make train` fits it."
    )


def start_list(connection: duckdb.DuckDBPyConnection) -> list[Suggestion]:
    """Take the list for somebody who has rated nothing."""
    return [
        Suggestion(*row)
        for row in connection.execute(
            f"select rank, {TITLE}, genres, reason from analytics.start_list order by rank"
        ).fetchall()
    ]
