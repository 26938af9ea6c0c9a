{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

runs as (
    select * from {{ ref("int_current_runs") }}
),

segments as (
    select * from {{ ref("stg_user_segments") }}
),

test_users as (
    select
        protocol,
        user_id,
        sum(case when split = 'train' then 1 else 0 end) as train_count
    from ratings
    group by protocol, user_id
    having max(case when split = 'test' then 1 else 0 end) = 1
),

current_segments as (
    select
        segments.user_id,
        segments.segment
    from segments
    inner join runs
        on segments.run_id = runs.run_id
    where
        runs.model = 'user_segments'
        and runs.protocol is null
),

final as (
    select
        protocol,
        user_id,
        'all' as slice
    from test_users
    union all
    select
        protocol,
        user_id,
        case
            when train_count = 0 then 'users: new'
            when train_count < 50 then 'users: light'
            else 'users: heavy'
        end as slice
    from test_users
    union all
    select
        test_users.protocol,
        test_users.user_id,
        'segment: ' || current_segments.segment as slice
    from test_users
    inner join current_segments
        on test_users.user_id = current_segments.user_id
)

select * from final
