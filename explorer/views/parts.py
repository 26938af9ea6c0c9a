"""What several pages draw."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pandas as pd
import streamlit as st

from explorer.state import read_state
from explorer.text import plain, shown_genres, shown_title, stars
from models_ml.recommend.page import Rated, Suggestion
from models_ml.recommend.titles import Movie, Titles, read_movies

LEAST = 55
"""The score from which on a title is offered for what was typed."""

OFFERED = 10


@st.cache_resource(max_entries=2, show_spinner=False)
def _titles(_connection: Any, data_fingerprint: str) -> tuple[Titles, dict[int, Movie]]:
    movies = read_movies(_connection)
    titled = [movie for movie in movies if movie.title]
    return Titles(titled), {movie.movie_id: movie for movie in movies}


def all_titles(connection: duckdb.DuckDBPyConnection) -> tuple[Titles, dict[int, Movie]]:
    """Take the titles to search, and the movies by id; read once for the same data."""
    titles, movies = _titles(connection, read_state(connection).data_fingerprint)
    return titles, movies


def matching(titles: Titles, text: str) -> list[int]:
    """Find the movies that a typed title may mean, the likeliest first."""
    return [match.movie.movie_id for match in titles.search(text, OFFERED) if match.score >= LEAST]


def scale(connection: duckdb.DuckDBPyConnection) -> tuple[float, float, float]:
    """Tell the lowest and the highest rating and the step between ratings, in stars."""
    (row,) = connection.execute(
        "select scale_min, scale_max, scale_step from analytics.dataset_summary"
    ).fetchall()
    return row[0], row[1], row[2]


def note(text: str) -> None:
    """Draw a small text. Streamlit's captions are too pale to be read by everybody."""
    st.markdown(f":small[{text}]")


def table(columns: Mapping[str, Sequence[str]]) -> None:
    """Draw a table of texts that wraps and needs no scrolling."""
    frame = pd.DataFrame({name: [plain(text) for text in texts] for name, texts in columns.items()})
    st.table(frame, hide_index=True, border="horizontal")


def suggestions(movies: Sequence[Suggestion]) -> None:
    """List movies to see: prediction with interval, genres and reason."""
    lines = []
    for movie in movies:
        predicted = f"**{stars(movie.prediction)}** stars" if movie.prediction is not None else ""
        if movie.lower_bound is not None and movie.upper_bound is not None:
            predicted += f" ({stars(movie.lower_bound)} to {stars(movie.upper_bound)})"
        about = ", ".join(part for part in (predicted, plain(shown_genres(movie.genres))) if part)
        title = plain(shown_title(movie.title, 0))
        lines.append(f"{movie.rank}. **{title}**  \n   {about}  \n   {plain(movie.reason)}")
    st.markdown("\n".join(lines))


def ratings(rated: Sequence[Rated]) -> None:
    """Draw ratings beside what is predicted."""
    columns = {"rated": [stars(movie.rating) for movie in rated]}
    if any(movie.prediction is not None for movie in rated):
        columns["predicted"] = [stars(movie.prediction) for movie in rated]
    columns["title"] = [shown_title(movie.title, 0) for movie in rated]
    columns["genres"] = [shown_genres(movie.genres) for movie in rated]
    table(columns)


def untrained(what: str) -> None:
    """Say that something needs models, and how to train them."""
    st.info(f"{what} once models are trained on these data: `make train` fits them in minutes.")
