"""The page of somebody new: rate a dozen movies, and see recommendations at once."""

import duckdb
import streamlit as st

from explorer import newcomers
from explorer.text import plain, shown_title
from explorer.views import parts
from models_ml.recommend.titles import Movie, Titles
from warehouse.errors import UserError
from warehouse.publishing import models_folder
from warehouse.settings import read_settings

OWN = "own ratings"
ADDED = "added movies"


def draw(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw the page."""
    st.session_state.setdefault(OWN, {})
    st.session_state.setdefault(ADDED, [])
    st.title("Rate movies, and see what is next")
    st.write("Give stars to a few movies that you know. The list changes with each of them.")
    left, right = st.columns(2, gap="large")
    with left:
        _rate(connection)
    with right:
        _next(connection)


def _rate(connection: duckdb.DuckDBPyConnection) -> None:
    titles, by_id = parts.all_titles(connection)
    _add(titles, by_id)
    choices = newcomers.choices(*parts.scale(connection))
    begun = newcomers.start(connection)
    added = [movie_id for movie_id in st.session_state[ADDED] if movie_id in by_id]
    for movie_id in [*added, *(movie_id for movie_id in begun if movie_id not in added)]:
        _stars(by_id[movie_id], choices)


def _add(titles: Titles, by_id: dict[int, Movie]) -> None:
    text = st.text_input("Add a movie", placeholder="A title, as you remember it", key="own text")
    if not text:
        return
    found = parts.matching(titles, text)[:5]
    if not found:
        st.info(plain(f"No title is like {text}."))
    for movie_id in found:
        st.button(
            plain(shown_title(by_id[movie_id].title, movie_id)),
            key=f"add {movie_id}",
            icon=":material/add:",
            type="tertiary",
            on_click=_put,
            args=[movie_id],
        )


def _put(movie_id: int) -> None:
    added = [other for other in st.session_state[ADDED] if other != movie_id]
    st.session_state[ADDED] = [movie_id, *added]
    st.session_state["own text"] = ""


def _stars(movie: Movie, choices: list[float]) -> None:
    key = f"stars {movie.movie_id}"
    rated = st.session_state[OWN].get(movie.movie_id)
    st.pills(
        plain(shown_title(movie.title, movie.movie_id)),
        choices,
        format_func=lambda value: f"{value:g}",
        default=rated if rated in choices else None,
        key=key,
        wrap=True,
        on_change=_remember,
        args=[movie.movie_id, key],
    )


def _remember(movie_id: int, key: str) -> None:
    """Keep a rating, since a widget's value is gone when another page is drawn."""
    own = dict(st.session_state[OWN])
    own.pop(movie_id, None)
    if st.session_state[key] is not None:
        own[movie_id] = st.session_state[key]
    st.session_state[OWN] = own


def _next(connection: duckdb.DuckDBPyConnection) -> None:
    _, by_id = parts.all_titles(connection)
    own = {movie: stars for movie, stars in st.session_state[OWN].items() if movie in by_id}
    st.header("What to see next")
    if not own:
        st.info("Rate a movie, and a list appears here.")
        return
    try:
        movies = newcomers.recommended(connection, models_folder(read_settings().warehouse), own)
    except UserError as error:
        st.info(plain(str(error)))
        return
    count = f"{len(own)} rating{'' if len(own) == 1 else 's'}"
    parts.note(f"From {count}, with predicted stars and their 90% interval.")
    parts.suggestions(movies)
    st.button("Forget my ratings", on_click=_forget)


def _forget() -> None:
    for movie_id in st.session_state[OWN]:
        st.session_state[f"stars {movie_id}"] = None
    st.session_state[OWN] = {}
