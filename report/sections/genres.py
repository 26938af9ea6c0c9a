"""Genres: how many movies, how well liked, and how that moved over the years."""

import altair as alt
import pandas as pd

from report.charts import BLUE, GREY, ORANGE, beside, choice, wide
from report.exhibits import Exhibit, Section

BY_YEAR = (
    "select scope as genre, year, rating_count, rating_pct, mean_rating"
    " from analytics.rating_years where scope <> 'all' order by genre, year"
)


def genre_counts(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw a bar for each genre, with its count beside it."""
    base = alt.Chart(frame).encode(
        x=alt.X("movie_count:Q", title="movies"),
        y=alt.Y("genre:N", title=None, sort="-x"),
        tooltip=[
            alt.Tooltip("genre:N"),
            alt.Tooltip("movie_count:Q", title="movies", format=","),
            alt.Tooltip("rating_count:Q", title="ratings", format=","),
        ],
    )
    return wide(base.mark_bar(color=BLUE) + beside(base, "movie_count"), height=alt.Step(20))


def genre_means(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw a point for each genre, with its mean beside it."""
    base = alt.Chart(frame).encode(
        x=alt.X("mean_rating:Q", title="mean rating (stars)", scale=alt.Scale(zero=False)),
        y=alt.Y("genre:N", title=None, sort="-x"),
        tooltip=[
            alt.Tooltip("genre:N"),
            alt.Tooltip("mean_rating:Q", title="mean rating", format=".3f"),
            alt.Tooltip("rating_count:Q", title="ratings", format=","),
        ],
    )
    labels = base.mark_text(align="left", dx=8).encode(text=alt.Text("mean_rating:Q", format=".2f"))
    return wide(base.mark_point(filled=True, size=70, color=BLUE) + labels, height=alt.Step(20))


def _over_years(frame: pd.DataFrame, column: str, title: str) -> alt.TopLevelMixin:
    genres = sorted(frame["genre"].unique())
    common = frame.groupby("genre")["rating_count"].sum().idxmax()
    genre = choice("genre", "Genre", genres, str(common))
    base = alt.Chart(frame).encode(
        x=alt.X("year:Q", title="year of the rating", axis=alt.Axis(format="d", tickMinStep=1)),
        y=alt.Y(f"{column}:Q", title=title, scale=alt.Scale(zero=column == "rating_pct")),
        detail="genre:N",
        tooltip=[
            alt.Tooltip("genre:N"),
            alt.Tooltip("year:Q", format="d"),
            alt.Tooltip("rating_pct:Q", title="% of the year's ratings", format=".1f"),
            alt.Tooltip("mean_rating:Q", title="mean rating", format=".2f"),
            alt.Tooltip("rating_count:Q", title="ratings", format=","),
        ],
    )
    others = base.mark_line(color=GREY, opacity=0.3, strokeWidth=1)
    chosen = base.mark_line(color=ORANGE, strokeWidth=3, point=alt.OverlayMarkDef(color=ORANGE))
    return wide(others + chosen.transform_filter("datum.genre == genre").add_params(genre), 280)


def genre_shares(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each genre's share over the years, the chosen one in colour."""
    return _over_years(frame, "rating_pct", "% of the year's ratings")


def genre_means_by_year(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each genre's mean rating over the years, the chosen one in colour."""
    return _over_years(frame, "mean_rating", "mean rating (stars)")


SECTION = Section(
    "genres",
    "Genres",
    "A movie counts in each of its genres. None stands for movies without a genre.",
    (
        Exhibit(
            "genre_counts",
            "How many movies each genre has",
            "analytics.genre_counts",
            "select genre, movie_count, rated_movie_count, rating_count"
            " from analytics.genre_counts order by movie_count desc, genre",
            "All movies of the catalogue, rated or not. analytics.movie_genre_flags has one"
            " column a genre, 0 or 1.",
            genre_counts,
            reference="Table 6",
        ),
        Exhibit(
            "genre_means",
            "How well each genre is liked",
            "analytics.genre_counts",
            "select genre, mean_rating, rating_count from analytics.genre_counts"
            " where rating_count > 0 order by mean_rating desc, genre",
            "Mean of all ratings of the genre's movies. The axis does not start at 0.",
            genre_means,
        ),
        Exhibit(
            "genre_shares",
            "What people rated over the years",
            "analytics.rating_years",
            BY_YEAR,
            "Choose a genre. The share is that of its movies in all ratings of the year.",
            genre_shares,
        ),
        Exhibit(
            "genre_means_by_year",
            "How taste moved over the years",
            "analytics.rating_years",
            BY_YEAR.replace("order by", "and rating_count >= 20 order by"),
            "Choose a genre. Years in which it has fewer than 20 ratings are left out.",
            genre_means_by_year,
        ),
    ),
)
