{{ config(materialized=published_view()) }}

with ratings as (
    select * from {{ ref("fct_ratings") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
)

select
    ratings.user_id,
    ratings.movie_id,
    ratings.rating,
    ratings.rated_at,
    movies.title,
    movies.genres
from ratings
inner join movies
    on ratings.movie_id = movies.movie_id
