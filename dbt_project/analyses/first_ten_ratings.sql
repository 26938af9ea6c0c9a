-- How do a user's first ten ratings differ from the rest?
--
-- Users with at least twenty ratings, each with the means of the first ten (and of what was rated
-- in the same second as the tenth) and of all later ones. Each user counts once; of more than
-- 10,000 users, so many are drawn.
--
-- How to read it: one row per measure. `rating` is what the users give; `others_rating` is what all
-- users give to the same movies; `popularity` is how many ratings those movies have. Where
-- `difference` exceeds `difference_margin` (95%), beginners really differ: if both `rating` and
-- `others_rating` start high, they begin with better movies, not in a better mood. Needs
-- timestamps.
with users as (
    {{ drawn_users() }}
),

movies as (
    select * from {{ ref("most_rated_movies") }}
),

ratings as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        ratings.rated_at
    from {{ ref("fct_ratings") }} as ratings
    inner join users
        on ratings.user_id = users.user_id
    where
        ratings.rated_at is not null
        and users.rating_count >= 20
),

numbered as (
    select
        user_id,
        movie_id,
        rating,
        rank() over (partition by user_id order by rated_at) as position
    from ratings
),

user_means as (
    select
        numbered.user_id,
        avg(case when numbered.position <= 10 then numbered.rating end) as first_rating,
        avg(case when numbered.position > 10 then numbered.rating end) as rest_rating,
        avg(case when numbered.position <= 10 then movies.mean_rating end) as first_others_rating,
        avg(case when numbered.position > 10 then movies.mean_rating end) as rest_others_rating,
        avg(case when numbered.position <= 10 then movies.rating_count end) as first_popularity,
        avg(case when numbered.position > 10 then movies.rating_count end) as rest_popularity
    from numbered
    inner join movies
        on numbered.movie_id = movies.movie_id
    group by numbered.user_id
    having count(*) >= 20
),

measured as (
    select
        'rating' as measure,
        first_rating as first_mean,
        rest_rating as rest_mean
    from user_means
    union all
    select
        'others_rating' as measure,
        first_others_rating as first_mean,
        rest_others_rating as rest_mean
    from user_means
    union all
    select
        'popularity' as measure,
        first_popularity as first_mean,
        rest_popularity as rest_mean
    from user_means
),

final as (
    select
        measure,
        count(*) as user_count,
        avg(first_mean) as first_mean,
        avg(rest_mean) as rest_mean,
        avg(first_mean - rest_mean) as difference,
        1.96 * stddev_samp(first_mean - rest_mean) / sqrt(count(*)) as difference_margin
    from measured
    where rest_mean is not null
    group by measure
    having count(*) >= 30
)

select * from final
order by measure
