{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

final as (
    select
        protocol,
        avg(rating) as mean_rating
    from ratings
    where split = 'train'
    group by protocol
)

select * from final
