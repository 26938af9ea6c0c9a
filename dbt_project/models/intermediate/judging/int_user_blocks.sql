{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

test_users as (
    select distinct
        protocol,
        user_id
    from ratings
    where split = 'test'
),

-- The hash mixes users of all ages and habits, so that blocks are alike.
final as (
    select
        protocol,
        user_id,
        ntile(1000) over (partition by protocol order by md5('user ' || user_id), user_id) as block
    from test_users
)

select * from final
