-- Which are the cult films: seen by few, and loved by almost all of them?
--
-- Few: the movie has at least ten ratings, and is not among the tenth of the movies with the most.
-- Loved: its mean lies in the top quarter of the scale. Movies that users agree on most come first.
--
-- How to read it: a small `std_rating` means that users agree. With ten or twenty ratings it is a
-- hint, not a measurement. `loved_pct` is the share of the ratings that lie in the top quarter.
with ratings as (
    select * from {{ ref("fct_ratings") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

rated as (
    select
        ratings.movie_id,
        count(*) as rating_count,
        avg(ratings.rating) as mean_rating,
        stddev_samp(ratings.rating) as std_rating,
        100.0 * avg(
            case
                when ratings.rating >= dataset.scale_max - 0.25 * (dataset.scale_max - dataset.scale_min)
                    then 1
                else 0
            end
        ) as loved_pct
    from ratings
    cross join dataset
    group by ratings.movie_id
),

with_popularity as (
    select
        movie_id,
        rating_count,
        mean_rating,
        std_rating,
        loved_pct,
        percent_rank() over (order by rating_count) as popularity
    from rated
),

final as (
    select
        movies.movie_id,
        movies.title,
        with_popularity.rating_count,
        with_popularity.mean_rating,
        with_popularity.std_rating,
        with_popularity.loved_pct
    from with_popularity
    inner join movies
        on with_popularity.movie_id = movies.movie_id
    cross join dataset
    where
        with_popularity.rating_count >= 10
        and with_popularity.popularity < 0.9
        and with_popularity.mean_rating
        >= dataset.scale_max - 0.25 * (dataset.scale_max - dataset.scale_min)
)

select * from final
order by std_rating asc, rating_count desc, movie_id asc
limit 20
