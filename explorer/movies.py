"""What the warehouse says of a movie."""

from dataclasses import dataclass

import duckdb
import pandas as pd

FACTS = """
select
    movies.movie_id,
    movies.title,
    movies.release_year,
    movies.genres,
    coalesce(popularity.rating_count, 0) as rating_count,
    popularity.mean_rating,
    scores.weighted_score,
    scores.score_rank,
    (select count(*) from analytics.movie_scores) as ranked_count,
    summary.mean_rating as overall_mean,
    summary.weighted_score_m
from core.dim_movies as movies
cross join analytics.dataset_summary as summary
left join analytics.most_rated_movies as popularity using (movie_id)
left join analytics.movie_scores as scores using (movie_id)
where movies.movie_id = ?
"""

YEARS = """
select year, rating_count, mean_rating
from analytics.movie_years
where movie_id = ?
order by year
"""

GENRES = """
select genre, genre_rank, ranked_count, genres.mean_rating
from core.bridge_movie_genres as own
inner join analytics.genre_counts as genres using (genre)
left join analytics.top_movies_by_genre as ranks using (genre, movie_id)
left join (
    select genre, count(*) as ranked_count from analytics.top_movies_by_genre group by genre
) using (genre)
where own.movie_id = ?
order by genre
"""

SIMILAR = """
select similar_movies.similar_movie_id, similar_movies.similar_title, movies.genres, similarity
from predictions.similar_movies
inner join core.dim_movies as movies on similar_movies.similar_movie_id = movies.movie_id
where similar_movies.movie_id = ?
order by rank
"""

BEST = "select movie_id from analytics.movie_scores where score_rank <= ? order by score_rank"


@dataclass(frozen=True)
class Facts:
    """A movie, and what its score is made of.

    Attributes:
        movie_id: Its id.
        title: Its title as the warehouse has it; ``None`` where it has none.
        release_year: Its year; ``None`` where the title does not say it.
        genres: Its genres, divided by ``|``.
        rating_count: How many ratings it has: the n of the score.
        mean_rating: Their mean in stars; ``None`` without ratings.
        weighted_score: The score in stars; ``None`` with fewer ratings than ``weighted_score_m``.
        score_rank: Its rank by the score.
        ranked_count: How many movies have a rank.
        overall_mean: The mean of all ratings in stars: the C of the score.
        weighted_score_m: How many average ratings each movie starts with: the m of the score.
    """

    movie_id: int
    title: str | None
    release_year: int | None
    genres: str
    rating_count: int
    mean_rating: float | None
    weighted_score: float | None
    score_rank: int | None
    ranked_count: int
    overall_mean: float
    weighted_score_m: float

    def weighing(self) -> str:
        """Say in words and figures how the score weighs the movie's ratings."""
        n, m = self.rating_count, self.weighted_score_m
        if self.mean_rating is None:
            return "Nobody has rated this movie."
        if self.weighted_score is None:
            return f"A movie is scored from {m:g} ratings on; this one has {n:,}."
        return (
            f"score = (n × mean + m × C) ÷ (n + m)"
            f" = ({n:,} × {self.mean_rating:.3f} + {m:g} × {self.overall_mean:.3f})"
            f" ÷ ({n:,} + {m:g}) = {self.weighted_score:.3f}."
            f" Its own n = {n:,} ratings weigh {100 * n / (n + m):.0f}%. The rest is the weight of"
            f" m = {m:g} ratings at C, the mean of all ratings, with which each movie starts."
        )


def facts(connection: duckdb.DuckDBPyConnection, movie_id: int) -> Facts | None:
    """Look a movie up; ``None`` where the warehouse has no such movie."""
    rows = connection.execute(FACTS, [movie_id]).fetchall()
    return Facts(*rows[0]) if rows else None


def years(connection: duckdb.DuckDBPyConnection, movie_id: int) -> pd.DataFrame:
    """Take a movie's ratings by year: ``year``, ``rating_count``, ``mean_rating``."""
    return connection.execute(YEARS, [movie_id]).df()


def genres(
    connection: duckdb.DuckDBPyConnection, movie_id: int
) -> list[tuple[str, int | None, int | None, float | None]]:
    """Take a movie's genres with its rank in each.

    Returns:
        For each genre its name, the movie's rank in it (``None`` without a score), how many movies
        have a rank, and the mean of all ratings of the genre in stars.
    """
    return connection.execute(GENRES, [movie_id]).fetchall()


def similar(
    connection: duckdb.DuckDBPyConnection, movie_id: int
) -> list[tuple[int, str | None, str, float]]:
    """Take the movies nearest to one: id, title, genres, similarity from -1 to 1."""
    return connection.execute(SIMILAR, [movie_id]).fetchall()


def best(connection: duckdb.DuckDBPyConnection, count: int) -> list[int]:
    """Take the ids of the movies with the highest scores, or of any where none is scored."""
    ranked = connection.execute(BEST, [count]).fetchall()
    if not ranked:
        ranked = connection.execute(
            "select movie_id from core.dim_movies order by movie_id limit ?", [count]
        ).fetchall()
    return [movie_id for (movie_id,) in ranked]
