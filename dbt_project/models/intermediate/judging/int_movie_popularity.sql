{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

counts as (
    select
        protocol,
        movie_id,
        sum(case when split = 'train' then 1 else 0 end) as train_count,
        sum(case when split = 'test' then 0 else 1 end) as known_count
    from ratings
    group by protocol, movie_id
),

final as (
    select
        protocol,
        movie_id,
        cast(train_count as bigint) as train_count,
        cast(known_count as bigint) as known_count,
        row_number() over (
            partition by protocol
            order by known_count desc, movie_id asc
        ) as popularity_rank
    from counts
)

select * from final
