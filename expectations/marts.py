"""The marts: every row has arrived, and ratings look as ratings do."""

from typing import TYPE_CHECKING

from expectations.measures import Measure, rows_kept_pct, suite_of

if TYPE_CHECKING:
    import great_expectations as gx

STEPS: dict[str, str] = {}

MEASURES = (
    Measure(
        "core_rows_kept_pct",
        rows_kept_pct(
            "core", ["fct_ratings", "fct_tags", "dim_users", "dim_movies", "bridge_movie_genres"]
        ),
        compares=True,
    ),
    Measure(
        "rating_pct",
        """
        select
            format('rating {:.4g}: {:,} ratings', rating, rating_count) as subject,
            rating_pct as value
        from analytics.rating_distribution
        where (select sum(rating_count) from analytics.rating_distribution) >= $from_count
        order by value desc
        """,
    ),
    Measure(
        "rating_pct_shift",
        """
        select
            format(
                'rating {:.4g}: {:.1f}% of the ratings, published {:.1f}%',
                coalesce(present.rating, published.rating),
                coalesce(present.rating_pct, 0),
                coalesce(published.rating_pct, 0)
            ) as subject,
            abs(coalesce(present.rating_pct, 0) - coalesce(published.rating_pct, 0)) as value
        from analytics.rating_distribution as present
        full join published.analytics.rating_distribution as published
            on present.rating = published.rating
        where
            (select sum(rating_count) from published.analytics.rating_distribution) >= $from_count
        order by value desc
        """,
        compares=True,
    ),
    Measure(
        "top_user_pct",
        """
        select
            format('user {}: {:,} ratings', user_id, rating_count) as subject,
            100.0 * rating_count / (select sum(rating_count) from core.dim_users) as value
        from core.dim_users
        where (select count(*) from core.dim_users) >= $from_count
        order by value desc, user_id
        limit 3
        """,
    ),
    Measure(
        "popular_movies_pct",
        """
        with counts as (
            select movie_id, count(*) as rating_count from core.fct_ratings group by movie_id
        ),
        numbered as (
            select
                movie_id,
                rating_count,
                row_number() over (order by rating_count desc, movie_id) as row_number,
                count(*) over () as movie_count
            from counts
        )
        select
            format(
                'the {:,} most rated of {:,} movies have {:,} of {:,} ratings, the first ({}) {:,}',
                count(*) filter (where row_number * 100 <= movie_count),
                count(*),
                cast(sum(rating_count) filter (where row_number * 100 <= movie_count) as bigint),
                cast(sum(rating_count) as bigint),
                min_by(movie_id, row_number),
                max(rating_count)
            ) as subject,
            100.0 * sum(rating_count) filter (where row_number * 100 <= movie_count)
                / sum(rating_count) as value
        from numbered
        having count(*) >= $from_count and sum(rating_count) >= 10 * count(*)
        """,
    ),
)


def suite() -> "gx.ExpectationSuite":
    """Hold the marts' volume, the shares of ratings, activity and the tail of popularity."""
    return suite_of("marts", MEASURES)
