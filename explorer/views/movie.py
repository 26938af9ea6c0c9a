"""The page of a movie: its ratings over time, its score, its genres, and movies like it."""

import duckdb
import streamlit as st

from explorer import charts, movies
from explorer.text import plain, shown_genres, shown_title
from explorer.views import parts
from models_ml.recommend.titles import Movie

SHOWN = 12
"""How many similar movies are shown."""


def draw(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw the page."""
    movie_id = _choose(connection)
    facts = movies.facts(connection, movie_id) if movie_id is not None else None
    if facts is None:
        st.info("There is no such movie in the warehouse: look for another one.")
        return
    st.title(plain(shown_title(facts.title, facts.movie_id)))
    year = f"{facts.release_year} · " if facts.release_year else ""
    parts.note(plain(f"{year}{shown_genres(facts.genres)} · movie {facts.movie_id}"))
    _score(facts)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _years(connection, facts)
        _genres(connection, facts)
    with right:
        _similar(connection, facts)


def _choose(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Ask for a title, and offer the movies that it may mean."""
    titles, by_id = parts.all_titles(connection)
    left, right = st.columns(2)
    text = left.text_input(
        "Find a movie",
        key="movie text",
        placeholder="A title, as you remember it",
        on_change=_forget,
    )
    found = parts.matching(titles, text) if text else movies.best(connection, 20)
    asked = _asked()
    if asked is not None:
        found = [asked, *(movie_id for movie_id in found if movie_id != asked)]
    if not found:
        right.info(plain(f"No title is like {text}."))
        return None
    chosen: int | None = right.selectbox(
        "Which one" if text else "One of the best, or the one you came from",
        found,
        format_func=lambda movie_id: _label(by_id.get(movie_id), movie_id),
        # Another choice of movies is another widget, which begins with the first of them
        key=f"movie {text} {asked}",
    )
    return chosen


def _label(movie: Movie | None, movie_id: int) -> str:
    if movie is None:
        return f"movie {movie_id}"
    count = f"{movie.rating_count:,} rating{'' if movie.rating_count == 1 else 's'}"
    return f"{shown_title(movie.title, movie_id)} · {count}"


def _asked() -> int | None:
    """Read the movie from the address, where a click or a link has put it."""
    text = st.query_params.get("movie", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _forget() -> None:
    st.query_params.pop("movie", None)


def _go_to(movie_id: int) -> None:
    st.query_params["movie"] = str(movie_id)
    st.session_state["movie text"] = ""


def _score(facts: movies.Facts) -> None:
    row = st.container(horizontal=True, gap="medium")
    row.metric("Ratings", f"{facts.rating_count:,}")
    mean = "none" if facts.mean_rating is None else f"{facts.mean_rating:.2f}"
    row.metric("Mean, stars", mean)
    score = "none" if facts.weighted_score is None else f"{facts.weighted_score:.3f}"
    row.metric("Score, stars", score)
    rank = "none" if facts.score_rank is None else f"{facts.score_rank:,}"
    row.metric(f"Rank of {facts.ranked_count:,}", rank)
    parts.note(plain(facts.weighing()))


def _years(connection: duckdb.DuckDBPyConnection, facts: movies.Facts) -> None:
    st.header("Its ratings over the years")
    years = movies.years(connection, facts.movie_id)
    if years.empty:
        st.info("The warehouse knows no times of its ratings.")
        return
    low, high, _ = parts.scale(connection)
    st.altair_chart(
        charts.rating_years(years, (low, high)),
        alt="Mean rating in stars, and number of ratings, by year",
    )


def _genres(connection: duckdb.DuckDBPyConnection, facts: movies.Facts) -> None:
    st.header("Its genres")
    genres = movies.genres(connection, facts.movie_id)
    ranks = ["" if rank is None else f"{rank:,} of {count:,}" for _, rank, count, _ in genres]
    parts.table(
        {
            "genre": [genre for genre, *_ in genres],
            "rank by score": ranks,
            "mean of the genre, stars": [
                "" if mean is None else f"{mean:.2f}" for *_, mean in genres
            ],
        }
    )


def _similar(connection: duckdb.DuckDBPyConnection, facts: movies.Facts) -> None:
    st.header("Movies like it")
    similar = movies.similar(connection, facts.movie_id)[:SHOWN]
    if not similar:
        parts.untrained("Similar movies stand here")
        return
    parts.note("The nearest by the factors that the embedding model has learned; 1 is the same.")
    for movie_id, title, genres, similarity in similar:
        st.button(
            plain(f"{shown_title(title, movie_id)} · {similarity:.2f}"),
            key=f"similar {movie_id}",
            help=plain(shown_genres(genres)),
            on_click=_go_to,
            args=[movie_id],
        )
