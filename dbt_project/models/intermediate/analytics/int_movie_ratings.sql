{{ config(materialized="table") }}

with summed as (
    select
        movie_id,
        cast(sum(rating_count) as bigint) as rating_count,
        sum(rating_count * rating) as rating_sum
    from {{ ref("int_rating_counts") }}
    group by movie_id
)

select
    movie_id,
    rating_count,
    rating_sum,
    rating_sum / rating_count as mean_rating
from summed
