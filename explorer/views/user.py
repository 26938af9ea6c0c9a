"""The page of a user: segment, history, predictions against ratings, and what to see next."""

import duckdb
import streamlit as st

from explorer import charts, users
from explorer.text import plain
from explorer.views import parts
from models_ml.recommend.known import SHOWN, User, find_user, rated, recommended
from models_ml.recommend.page import Rated
from warehouse.errors import UserError

KEY = "user id"


def draw(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw the page."""
    span = users.span(connection)
    if span is None:
        st.info("The warehouse has no users.")
        return
    user_id = _choose(connection, span)
    user = find_user(connection, user_id)
    if user is None:
        st.info(f"There is no user {user_id}: ids lie between {span[0]} and {span[1]}.")
        return
    _facts(user)
    ratings = rated(connection, user_id)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _history(connection, ratings)
    with right:
        _next(connection, user_id)


def _choose(connection: duckdb.DuckDBPyConnection, span: tuple[int, int]) -> int:
    if KEY not in st.session_state or not span[0] <= st.session_state[KEY] <= span[1]:
        st.session_state[KEY] = users.anybody(connection)
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    user_id = left.number_input("User", span[0], span[1], key=KEY)
    right.button("Somebody else", on_click=_draw_another, args=[users.anybody(connection)])
    return int(user_id)


def _draw_another(user_id: int) -> None:
    st.session_state[KEY] = user_id


def _facts(user: User) -> None:
    st.title(f"User {user.user_id}")
    row = st.container(horizontal=True, gap="medium")
    row.metric("Ratings", f"{user.rating_count:,}")
    row.metric("Mean, stars", f"{user.mean_rating:.2f}")
    first, last = user.first_rated_at, user.last_rated_at
    row.metric("First rating", f"{first:%Y-%m-%d}" if first else "unknown")
    row.metric("Last rating", f"{last:%Y-%m-%d}" if last else "unknown")
    if user.segment is None:
        parts.untrained("The user's segment stands here")
    else:
        st.write(plain(f"Segment {user.segment}: {user.segment_name}"))


def _history(connection: duckdb.DuckDBPyConnection, ratings: list[Rated]) -> None:
    low, high, _ = parts.scale(connection)
    frame = users.frame(ratings)
    if frame["rated_at"].notna().any():
        st.header("Ratings over time")
        st.altair_chart(charts.history(frame, (low, high)), alt="Stars by time of rating")
    if frame["prediction"].notna().any():
        st.header("Predictions against ratings")
        st.altair_chart(charts.predictions(frame, (low, high)), alt="Predicted by rated stars")
        parts.note("The serving model has seen these ratings: a point on the line is no proof.")
    st.header("Ratings")
    order = st.selectbox("In which order", list(users.Order), format_func=lambda order: order.value)
    parts.ratings(users.ordered(ratings, order, SHOWN))
    if len(ratings) > SHOWN:
        parts.note(f"{SHOWN} of {len(ratings):,} ratings.")


def _next(connection: duckdb.DuckDBPyConnection, user_id: int) -> None:
    st.header("What to see next")
    try:
        movies = recommended(connection, user_id)
    except UserError:
        parts.untrained("Recommendations stand here")
        return
    parts.note("With predicted stars and their 90% interval.")
    parts.suggestions(movies)
