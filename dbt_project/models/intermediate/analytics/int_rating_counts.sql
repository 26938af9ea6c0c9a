-- All that is known of movies' ratings but who gave them: few rows, at any number of ratings.
{{ config(materialized="table") }}

with ratings as (
    select
        movie_id,
        extract(year from rated_at) as year,
        rating
    from {{ ref("fct_ratings") }}
)

select
    movie_id,
    year,
    rating,
    count(*) as rating_count
from ratings
group by movie_id, year, rating
