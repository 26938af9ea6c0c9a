{{ config(materialized="table") }}

-- The hash mixes users of all ages and habits, so that blocks are alike.
select
    protocol,
    user_id,
    cast(sum(case when split = 'train' then 1 else 0 end) as bigint) as train_count,
    cast(sum(case when split = 'test' then 0 else 1 end) as bigint) as known_count,
    ntile({{ var("bootstrap_blocks") }}) over (
        partition by protocol
        order by md5('user ' || user_id), user_id
    ) as block
from {{ ref("int_protocol_ratings") }}
group by protocol, user_id
having max(case when split = 'test' then 1 else 0 end) = 1
