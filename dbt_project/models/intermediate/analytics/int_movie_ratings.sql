{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("fct_ratings") }}
),

final as (
    select
        movie_id,
        count(*) as rating_count,
        sum(rating) as rating_sum,
        avg(rating) as mean_rating
    from ratings
    group by movie_id
)

select * from final
