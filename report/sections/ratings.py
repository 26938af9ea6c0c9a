"""How people rate: distribution, summary, and the standardised columns."""

import altair as alt
import pandas as pd

from report.charts import BLUE, wide
from report.exhibits import Column, Exhibit, Section


def rating_distribution(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw a bar for each rating, with its share above it."""
    base = alt.Chart(frame).encode(
        x=alt.X("rating:O", title="rating (stars)", axis=alt.Axis(labelAngle=0, format=".1f")),
        y=alt.Y("rating_pct:Q", title="% of ratings"),
        tooltip=[
            alt.Tooltip("rating:O", title="stars"),
            alt.Tooltip("rating_count:Q", title="ratings", format=","),
            alt.Tooltip("rating_pct:Q", title="% of ratings", format=".2f"),
        ],
    )
    labels = base.mark_text(dy=-7).encode(text=alt.Text("rating_pct:Q", format=".1f"))
    return wide(base.mark_bar(color=BLUE) + labels, height=260)


def standardised_histogram(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the density of each standardised column as a line of steps."""
    names = {"user_id": "user id", "movie_id": "movie id", "rating": "rating"}
    lines = alt.Chart(frame.assign(column=frame["column_name"].map(names)))
    columns = alt.Scale(domain=list(names.values()))
    return wide(
        lines.mark_line(interpolate="step-after").encode(
            x=alt.X("lower_bound:Q", title="standard deviations from the column's mean"),
            y=alt.Y("density:Q", title="density"),
            color=alt.Color("column:N", title=None, scale=columns),
            strokeDash=alt.StrokeDash("column:N", title=None, scale=columns),
            tooltip=[
                alt.Tooltip("column:N"),
                alt.Tooltip("lower_bound:Q", title="from"),
                alt.Tooltip("upper_bound:Q", title="below"),
                alt.Tooltip("rating_count:Q", title="ratings", format=","),
            ],
        ),
        height=260,
    )


SECTION = Section(
    "ratings",
    "Ratings",
    "What stars people give, and the columns that the clusters below are made of.",
    (
        Exhibit(
            "rating_distribution",
            "How often each rating is given",
            "analytics.rating_distribution",
            "select rating, rating_count, rating_pct from analytics.rating_distribution"
            " order by rating",
            "Share of all ratings, in %.",
            rating_distribution,
            reference="Figure 1",
        ),
        Exhibit(
            "rating_summary",
            "The columns in numbers",
            "analytics.rating_summary",
            "select * from analytics.rating_summary order by column_name = 'rating',"
            " column_name = 'movie_id', column_name",
            "Count, mean, standard deviation (n - 1) and quantiles.",
            columns={
                "column_name": Column("column"),
                "count": Column("count", ",d", is_wide=True),
                "mean": Column("mean", ",.2f"),
                "std": Column("std", ",.2f"),
                "min": Column("min", ",.1f", is_wide=True),
                "p25": Column("25%", ",.1f", is_wide=True),
                "p50": Column("50%", ",.1f"),
                "p75": Column("75%", ",.1f", is_wide=True),
                "max": Column("max", ",.1f"),
            },
            reference="Table 1",
        ),
        Exhibit(
            "joined_ratings",
            "Ratings with titles and genres",
            "analytics.rated_movies",
            "select user_id, movie_id, rating, title, genres from analytics.rated_movies"
            " where user_id = $user order by movie_id limit 8",
            "The first ratings of one user. The relation has all.",
            columns={
                "user_id": Column("user", "d"),
                "movie_id": Column("movie", "d"),
                "rating": Column("rating", ".1f"),
                "title": Column("title"),
                "genres": Column("genres", is_wide=True),
            },
            reference="Table 2",
        ),
        Exhibit(
            "standardised_ratings",
            "The same ratings, standardised",
            "analytics.standardised_ratings",
            "select user_id, movie_id, rating, user_id_z, movie_id_z, rating_z"
            " from analytics.standardised_ratings where user_id = $user order by movie_id limit 8",
            "Each column less its mean, divided by its population standard deviation.",
            columns={
                "user_id": Column("user", "d", is_wide=True),
                "movie_id": Column("movie", "d"),
                "rating": Column("rating", ".1f", is_wide=True),
                "user_id_z": Column("user, standardised", ".3f"),
                "movie_id_z": Column("movie, standardised", ".3f"),
                "rating_z": Column("rating, standardised", ".3f"),
            },
            reference="Table 3",
        ),
        Exhibit(
            "standardised_histogram",
            "How the standardised columns spread",
            "analytics.standardised_histogram",
            "select column_name, lower_bound, upper_bound, rating_count, density"
            " from analytics.standardised_histogram order by column_name, lower_bound",
            "Movie ids have a long tail to the right, so they decide much of what K-means sees.",
            standardised_histogram,
            reference="Figure 2",
        ),
    ),
)
