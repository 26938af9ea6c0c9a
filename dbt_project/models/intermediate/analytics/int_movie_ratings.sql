{{ config(materialized="table") }}

select
    movie_id,
    count(*) as rating_count,
    sum(rating) as rating_sum,
    avg(rating) as mean_rating
from {{ ref("fct_ratings") }}
group by movie_id
