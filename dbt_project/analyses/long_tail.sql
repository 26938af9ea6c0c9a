-- How much of all attention goes to how few movies, and are the popular ones better?
--
-- The movies in five groups, from the most rated hundredth to those that nobody rated.
--
-- How to read it: `rating_pct` beside `movie_pct` is the inequality. `mean_rating` is over the
-- group's ratings and `movie_mean_rating` over its movies. Popular movies rate higher partly
-- because people choose what they expect to like; the tail's mean hides single ratings of
-- either kind, see `single_rating_count`.
with movies as (
    select * from {{ ref("dim_movies") }}
),

rated as (
    select * from {{ ref("most_rated_movies") }}
),

totals as (
    select
        count(*) as movie_count,
        sum(rating_count) as rating_count
    from rated
),

grouped as (
    select
        movies.movie_id,
        rated.rating_count,
        rated.mean_rating,
        case
            when rated.movie_id is null then 5
            when rated.popularity_rank <= 0.01 * totals.movie_count then 1
            when rated.popularity_rank <= 0.1 * totals.movie_count then 2
            when rated.popularity_rank <= 0.5 * totals.movie_count then 3
            else 4
        end as group_number
    from movies
    left join rated
        on movies.movie_id = rated.movie_id
    cross join totals
),

counted as (
    select
        group_number,
        count(*) as movie_count,
        coalesce(sum(rating_count), 0) as rating_count,
        sum(rating_count * mean_rating) as rating_sum,
        avg(mean_rating) as movie_mean_rating,
        sum(case when rating_count = 1 then 1 else 0 end) as single_rating_count
    from grouped
    group by group_number
),

final as (
    select
        group_number,
        case group_number
            when 1 then 'top hundredth'
            when 2 then 'rest of the top tenth'
            when 3 then 'rest of the upper half'
            when 4 then 'lower half'
            when 5 then 'never rated'
        end as popularity_group,
        movie_count,
        cast(rating_count as bigint) as rating_count,
        100 * {{ safe_divide("movie_count", "sum(movie_count) over ()") }} as movie_pct,
        100 * {{ safe_divide("rating_count", "sum(rating_count) over ()") }} as rating_pct,
        {{ safe_divide("rating_sum", "rating_count") }} as mean_rating,
        movie_mean_rating,
        cast(single_rating_count as bigint) as single_rating_count
    from counted
)

select * from final
order by group_number
