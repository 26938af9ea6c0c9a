"""What the warehouse says of a user, and whom it knows."""

import duckdb

from models_ml.recommend.page import Rated, Suggestion
from warehouse.errors import UserError

TITLE = "coalesce(title, 'movie ' || movie_id)"
SHOWN = 20
"""Ratings on a page."""


def headline(connection: duckdb.DuckDBPyConnection, user_id: int) -> list[str]:
    """Say in lines who a user is: ratings, and the segment where there are any.

    Raises:
        UserError: The warehouse has no such user.
    """
    found = connection.execute(
        "select rating_count, mean_rating from core.dim_users where user_id = ?", [user_id]
    ).fetchall()
    if not found:
        ((count, lowest, highest),) = connection.execute(
            "select count(*), min(user_id), max(user_id) from core.dim_users"
        ).fetchall()
        raise UserError(
            f"There is no user {user_id}: the warehouse has {count:,} users,"
            f" {lowest} to {highest}. Somebody new gives RATINGS=file."
        )
    ((count, mean),) = found
    segments = connection.execute(
        "select profiles.segment, profiles.name from predictions.segment_profiles as profiles"
        " inner join ml.user_segments as users using (run_id, segment) where users.user_id = ?",
        [user_id],
    ).fetchall()
    return [
        f"User {user_id}: {count:,} ratings, {mean:.1f} stars on average",
        *(f"Segment {segment}: {name}" for segment, name in segments),
    ]


def rated(connection: duckdb.DuckDBPyConnection, user_id: int) -> tuple[list[Rated], int]:
    """Take a user's highest ratings, with predictions, and the number of all.

    Of equal ratings the one with the higher prediction comes first.
    """
    rows = connection.execute(
        f"select rating, prediction, {TITLE}, genres from core.fct_ratings"
        " left join predictions.current_predictions using (user_id, movie_id, rating)"
        " inner join core.dim_movies using (movie_id) where user_id = ?"
        " order by rating desc, prediction desc nulls last, movie_id",
        [user_id],
    ).fetchall()
    return [Rated(*row) for row in rows[:SHOWN]], len(rows)


def recommended(connection: duckdb.DuckDBPyConnection, user_id: int) -> list[Suggestion]:
    """Take a user's list.

    Raises:
        UserError: Nothing was trained on these data.
    """
    rows = connection.execute(
        f"select rank, {TITLE}, genres, reason, prediction, lower_bound, upper_bound"
        " from predictions.current_recommendations where user_id = ? order by rank",
        [user_id],
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
