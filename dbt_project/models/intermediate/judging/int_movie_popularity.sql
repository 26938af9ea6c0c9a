{{ config(materialized="table") }}

with counts as (
    select
        protocol,
        movie_id,
        cast(sum(case when split = 'train' then 1 else 0 end) as bigint) as train_count,
        cast(sum(case when split = 'test' then 0 else 1 end) as bigint) as known_count
    from {{ ref("int_protocol_ratings") }}
    group by protocol, movie_id
)

select
    protocol,
    movie_id,
    train_count,
    known_count,
    row_number() over (
        partition by protocol
        order by known_count desc, movie_id asc
    ) as popularity_rank
from counts
