"""Movies: the best, the most rated, and how ratings spread over movies."""

import altair as alt
import pandas as pd

from report.charts import BLUE, ORANGE, above, choice, named, wide
from report.exhibits import Column, Exhibit, Section

SCORE_COLUMNS = {
    "title": Column("title"),
    "rating_count": Column("ratings", ",d"),
    "mean_rating": Column("mean", ".3f"),
    "weighted_score": Column("score", ".3f"),
}


def scores(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw for each movie how far the score lies below the mean."""
    y = alt.Y("title:N", sort=None, axis=None)
    kinds = alt.Scale(domain=["mean rating", "weighted score"], range=[ORANGE, BLUE])
    base = alt.Chart(frame).encode(
        y=y,
        tooltip=[
            alt.Tooltip("title:N"),
            alt.Tooltip("rating_count:Q", title="ratings", format=","),
            alt.Tooltip("mean_rating:Q", title="mean rating", format=".3f"),
            alt.Tooltip("weighted_score:Q", title="weighted score", format=".3f"),
        ],
    )
    stars = alt.Scale(zero=False)
    pulled = base.mark_rule().encode(
        x=alt.X("mean_rating:Q", title="stars", scale=stars), x2="weighted_score:Q"
    )
    points = (
        base.transform_calculate(
            **{"mean rating": "datum.mean_rating", "weighted score": "datum.weighted_score"}
        )
        .transform_fold(["mean rating", "weighted score"], as_=["kind", "stars"])
        .mark_point(filled=True, size=80, opacity=1)
        .encode(
            x=alt.X("stars:Q", scale=stars),
            color=alt.Color("kind:N", title=None, scale=kinds),
            shape=alt.Shape("kind:N", title=None, scale=alt.Scale(domain=kinds.domain)),
        )
    )
    return wide(above(base, "title") + pulled + points, height=alt.Step(36))


def most_rated(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw a bar for each movie, with its mean rating beside it."""
    base = alt.Chart(frame).encode(
        x=alt.X("rating_count:Q", title="ratings"),
        tooltip=[
            alt.Tooltip("title:N"),
            alt.Tooltip("rating_count:Q", title="ratings", format=","),
            alt.Tooltip("mean_rating:Q", title="mean rating", format=".3f"),
        ],
    )
    return wide(named(base, "title", "rating_count"), height=alt.Step(36))


def _density(bars: alt.Chart, frame: pd.DataFrame) -> alt.TopLevelMixin:
    lowest = frame["density"].min() / 2
    # Bars on a logarithmic scale have no 0 to stand on
    y = alt.Y("density:Q", title="density", scale=alt.Scale(type="log", domainMin=lowest))
    return wide(
        bars.mark_rect(color=BLUE).encode(
            x=alt.X("lower_bound:Q", title="ratings of a movie"),
            x2="upper_bound:Q",
            y=y,
            y2=alt.datum(lowest),
            tooltip=[
                alt.Tooltip("lower_bound:Q", title="ratings from", format=","),
                alt.Tooltip("upper_bound:Q", title="below", format=","),
                alt.Tooltip("movie_count:Q", title="movies", format=","),
                alt.Tooltip("density:Q", format=".2e"),
            ],
        ),
        height=240,
    )


def density(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the density of the number of ratings over all movies."""
    return _density(alt.Chart(frame), frame)


def density_by_genre(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the same within the genre that the reader chooses."""
    genres = sorted(frame["scope"].unique())
    first = "Drama" if "Drama" in genres else None
    genre = choice("scope", "Genre", genres, first)
    chosen = alt.Chart(frame).add_params(genre).transform_filter("datum.scope == scope")
    return _density(chosen, frame)


def joint(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the mean rating against the number of ratings, with both margins."""
    parts = {str(name): rows for name, rows in frame.groupby("margin")}
    tooltip = [
        alt.Tooltip("count_lower:Q", title="ratings from", format=","),
        alt.Tooltip("count_upper:Q", title="below", format=","),
        alt.Tooltip("mean_lower:Q", title="mean from"),
        alt.Tooltip("mean_upper:Q", title="to"),
        alt.Tooltip("movie_count:Q", title="movies", format=","),
    ]
    counts = alt.X(
        "count_lower:Q",
        title="ratings of the movie",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(labelOverlap=True, format="~s"),
    )
    means = alt.Y("mean_lower:Q", title="mean rating (stars)", scale=alt.Scale(zero=False))
    cells = (
        alt.Chart(parts["joint"])
        .mark_rect()
        .encode(
            x=counts,
            x2="count_upper:Q",
            y=means,
            y2="mean_upper:Q",
            color=alt.Color(
                "movie_count:Q",
                title="movies",
                scale=alt.Scale(type="log", range=["#a9cdea", "#12456e"]),
                legend=alt.Legend(orient="bottom", direction="horizontal", tickCount=3),
            ),
            tooltip=tooltip,
        )
        .properties(width=340, height=280)
    )
    above = (
        alt.Chart(parts["rating_count"])
        .mark_rect(color=BLUE)
        .encode(
            x=counts.copy().title(None).axis(None),
            x2="count_upper:Q",
            y=alt.Y("movie_count:Q", title="movies", axis=alt.Axis(tickCount=3)),
            y2=alt.datum(0),
            tooltip=[tooltip[0], tooltip[1], tooltip[4]],
        )
        .properties(width=340, height=60)
    )
    beside = (
        alt.Chart(parts["mean_rating"])
        .mark_rect(color=BLUE)
        .encode(
            y=means.copy().title(None).axis(None),
            y2="mean_upper:Q",
            x=alt.X("movie_count:Q", title="movies", axis=alt.Axis(tickCount=2)),
            x2=alt.datum(0),
            tooltip=tooltip[2:],
        )
        .properties(width=60, height=280)
    )
    below = alt.hconcat(cells, beside, spacing=6).resolve_scale(y="shared")
    return alt.vconcat(above, below, spacing=6).resolve_scale(x="independent", color="independent")


SECTION = Section(
    "movies",
    "Movies",
    "A movie with few ratings has a mean that says little. Its weighted score starts from the mean"
    " of all ratings and moves towards its own as ratings come in.",
    (
        Exhibit(
            "best_movies",
            "The best movies, and how the score weighs few ratings",
            "analytics.movie_scores",
            "select score_rank, title, genres, rating_count, mean_rating, weighted_score"
            " from analytics.movie_scores where score_rank <= 20 order by score_rank, movie_id",
            "score = (n · mean + m · C) / (n + m): n ratings of the movie, C the mean of all, m the"
            " variable weighted_score_m. The fewer ratings, the further the score lies from the"
            " mean. The axis does not start at 0.",
            scores,
        ),
        Exhibit(
            "top_ten",
            "The ten best movies",
            "analytics.movie_scores",
            "select score_rank, title, rating_count, mean_rating, weighted_score"
            " from analytics.movie_scores where score_rank <= 10 order by score_rank, movie_id",
            "Movies with at least m ratings, by weighted score.",
            columns={"score_rank": Column("rank", "d"), **SCORE_COLUMNS},
            reference="Table 7",
        ),
        Exhibit(
            "best_of_a_genre",
            "The best movies of a genre",
            "analytics.top_movies_by_genre",
            "select genre, genre_rank, title, rating_count, mean_rating, weighted_score"
            " from analytics.top_movies_by_genre where genre_rank <= 10"
            " order by genre <> 'Drama', genre, genre_rank, movie_id",
            "Choose a genre.",
            columns={"genre_rank": Column("rank", "d"), **SCORE_COLUMNS},
            pick="genre",
            reference="Table 8",
        ),
        Exhibit(
            "most_rated",
            "The most rated movies",
            "analytics.most_rated_movies",
            "select popularity_rank, title, rating_count, mean_rating"
            " from analytics.most_rated_movies where popularity_rank <= 20"
            " order by popularity_rank, movie_id",
            "Hover over a bar for the mean rating, or take the numbers.",
            most_rated,
            reference="Table 9",
        ),
        Exhibit(
            "rating_count_density",
            "How many ratings a movie has",
            "analytics.rating_count_histogram",
            "select lower_bound, upper_bound, movie_count, density"
            " from analytics.rating_count_histogram where scope = 'all' and movie_count > 0"
            " order by lower_bound",
            "Density over all rated movies, on a logarithmic axis: most movies have few ratings.",
            density,
            reference="Figure 3",
        ),
        Exhibit(
            "rating_count_density_by_genre",
            "How many ratings a movie of a genre has",
            "analytics.rating_count_histogram",
            "select scope, lower_bound, upper_bound, movie_count, density"
            " from analytics.rating_count_histogram where scope <> 'all' and movie_count > 0"
            " order by scope, lower_bound",
            "Choose a genre.",
            density_by_genre,
            reference="Figure 4",
        ),
        Exhibit(
            "mean_by_rating_count",
            "Mean rating against number of ratings",
            "analytics.mean_rating_histogram",
            "select margin, count_lower, count_upper, mean_lower, mean_upper, movie_count"
            " from analytics.mean_rating_histogram order by margin, count_lower, mean_lower",
            "Movies in each cell, and above and beside it those of each row and column. Movies"
            " that many people rated are rated well.",
            joint,
            reference="Figure 5",
        ),
    ),
)
