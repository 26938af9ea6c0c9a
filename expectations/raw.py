"""The raw files as loaded, beside what was loaded before: the dataset that it was, whole."""

from typing import TYPE_CHECKING

from expectations.measures import Measure, rows_kept_pct, suite_of

if TYPE_CHECKING:
    import great_expectations as gx

STEPS: dict[str, str] = {}

MEASURES = (
    Measure(
        "raw_rows_kept_pct",
        rows_kept_pct("raw", ["ratings", "movies", "tags", "links"]),
        compares=True,
    ),
    Measure(
        "raw_genre_movies_before",
        """
        with genres as (
            select unnest(string_split(genres, '|')) as genre, title from raw.movies
        ),
        published_genres as (
            select unnest(string_split(genres, '|')) as genre from published.raw.movies
        ),
        published_counts as (
            select genre, count(*) as movie_count from published_genres group by genre
        )
        select
            format(
                '{}: {:,} movies, such as {}',
                genres.genre, count(*), coalesce(min(genres.title), 'one without title')
            ) as subject,
            coalesce(any_value(published_counts.movie_count), 0) as value
        from genres
        left join published_counts on genres.genre = published_counts.genre
        where (select count(*) from published.raw.movies) >= $from_count
        group by genres.genre
        order by value, genres.genre
        """,
        compares=True,
    ),
    Measure(
        "raw_mean_rating_shift",
        """
        with months as (
            select
                count(*) as rating_count,
                avg(rating) as mean_rating,
                sum(rating * rating) as square_sum
            from published.raw.ratings
            where isfinite(rating)
            -- Months of 30 days, so that times of any year have one
            group by timestamp // 2592000
        ),
        published as (
            select
                sum(rating_count) as rating_count,
                sum(rating_count * mean_rating) / sum(rating_count) as mean_rating,
                sum(rating_count * mean_rating * mean_rating) / sum(rating_count)
                    as square_of_months,
                sum(square_sum) / sum(rating_count) as square_of_ratings
            from months
            having sum(rating_count) >= $from_count
        ),
        history as (
            select
                mean_rating,
                greatest(
                    sqrt(greatest(square_of_months - mean_rating * mean_rating, 0)),
                    sqrt(greatest(square_of_ratings - mean_rating * mean_rating, 0)) / 10,
                    0.001
                ) as deviation
            from published
        ),
        present as (
            select avg(rating) as mean_rating from raw.ratings where isfinite(rating)
        )
        select
            format(
                'mean rating {:.3f}, published {:.3f}, deviation of its months {:.3f}',
                present.mean_rating, history.mean_rating, history.deviation
            ) as subject,
            abs(present.mean_rating - history.mean_rating) / history.deviation as value
        from present
        cross join history
        """,
        compares=True,
    ),
)


def suite() -> "gx.ExpectationSuite":
    """Hold volume, genres and the mean rating to what was published of the same dataset."""
    return suite_of("raw", MEASURES)
