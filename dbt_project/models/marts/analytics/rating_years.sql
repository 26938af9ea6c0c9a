with ratings as (
    select * from {{ ref("fct_ratings") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

timed as (
    select
        user_id,
        movie_id,
        rating,
        extract(year from rated_at) as year
    from ratings
    where rated_at is not null
),

-- A user's ratings are summed first: users are then counted without keeping all of them apart.
user_years as (
    select
        'all' as scope,
        year,
        user_id,
        count(*) as rating_count,
        sum(rating) as rating_sum
    from timed
    group by year, user_id
    union all
    select
        movie_genres.genre as scope,
        timed.year,
        timed.user_id,
        count(*) as rating_count,
        sum(timed.rating) as rating_sum
    from timed
    inner join movie_genres
        on timed.movie_id = movie_genres.movie_id
    group by movie_genres.genre, timed.year, timed.user_id
),

years as (
    select
        scope,
        year,
        cast(sum(rating_count) as bigint) as rating_count,
        count(*) as user_count,
        sum(rating_sum) as rating_sum
    from user_years
    group by scope, year
),

final as (
    select
        scope,
        cast(year as bigint) as year,
        rating_count,
        user_count,
        100 * {{ safe_divide(
            "rating_count",
            "max(case when scope = 'all' then rating_count end) over (partition by year)"
        ) }} as rating_pct,
        {{ safe_divide("rating_sum", "rating_count") }} as mean_rating
    from years
)

select * from final
order by scope, year
