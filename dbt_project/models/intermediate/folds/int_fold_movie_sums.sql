-- Sums over one fold add up to those over the others, so that the rows are read once.
{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("int_fold_ratings") }}
),

final as (
    select
        protocol,
        fold,
        movie_id,
        count(*) as rating_count,
        sum(rating) as rating_sum,
        sum(rating * rating) as squared_rating_sum,
        sum(case when rating != floor(rating) then 1 else 0 end) as half_star_count
    from ratings
    group by protocol, fold, movie_id
)

select * from final
