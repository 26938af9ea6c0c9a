-- Critics and fans: which movies do harsh users value more than generous ones, and the reverse?
--
-- Users with at least twenty ratings, in four equal groups by their mean rating: the harshest
-- against the most generous. Both groups rank the movies that at least twenty of each rated.
-- Ranks compare what means cannot: a generous user has little room above a high mean.
--
-- How to read it: ten movies of each kind. A movie with `harsh_rank` 5 and `generous_rank` 200 is a
-- critics' favourite that the fans pass by.
with ratings as (
    select * from {{ ref("fct_ratings") }}
),

users as (
    select * from {{ ref("dim_users") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

quarters as (
    select
        user_id,
        ntile(4) over (order by mean_rating, user_id) as quarter
    from users
    where rating_count >= 20
),

compared as (
    select
        ratings.movie_id,
        sum(case when quarters.quarter = 1 then 1 else 0 end) as harsh_count,
        sum(case when quarters.quarter = 4 then 1 else 0 end) as generous_count,
        avg(case when quarters.quarter = 1 then ratings.rating end) as harsh_mean,
        avg(case when quarters.quarter = 4 then ratings.rating end) as generous_mean
    from ratings
    inner join quarters
        on ratings.user_id = quarters.user_id
    group by ratings.movie_id
),

ranked as (
    select
        movie_id,
        harsh_count,
        generous_count,
        harsh_mean,
        generous_mean,
        rank() over (order by harsh_mean desc) as harsh_rank,
        rank() over (order by generous_mean desc) as generous_rank
    from compared
    where
        harsh_count >= 20
        and generous_count >= 20
),

numbered as (
    select
        movie_id,
        harsh_count,
        generous_count,
        harsh_mean,
        generous_mean,
        harsh_rank,
        generous_rank,
        row_number() over (order by generous_rank - harsh_rank desc, movie_id asc) as harsh_number,
        row_number() over (order by harsh_rank - generous_rank desc, movie_id asc) as generous_number
    from ranked
    where harsh_rank != generous_rank
),

final as (
    select
        case
            when numbered.harsh_rank < numbered.generous_rank then 'harsh'
            else 'generous'
        end as favoured_by,
        movies.movie_id,
        movies.title,
        numbered.harsh_rank,
        numbered.generous_rank,
        numbered.harsh_mean,
        numbered.generous_mean,
        numbered.harsh_count,
        numbered.generous_count
    from numbered
    inner join movies
        on numbered.movie_id = movies.movie_id
    where
        (numbered.harsh_rank < numbered.generous_rank and numbered.harsh_number <= 10)
        or (numbered.harsh_rank > numbered.generous_rank and numbered.generous_number <= 10)
)

select * from final
order by generous_rank - harsh_rank desc, movie_id asc
