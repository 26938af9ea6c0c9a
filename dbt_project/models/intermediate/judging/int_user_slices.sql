{{ config(materialized="table") }}

with users as (
    select * from {{ ref("int_test_users") }}
),

runs as (
    select * from {{ ref("current_runs") }}
),

segments as (
    select * from {{ source("ml", "user_segments") }}
),

final as (
    select
        protocol,
        user_id,
        'all' as slice
    from users
    union all
    select
        protocol,
        user_id,
        case
            when train_count = 0 then 'users: new'
            when train_count < {{ var("heavy_user_ratings") }} then 'users: light'
            else 'users: heavy'
        end as slice
    from users
    union all
    select
        users.protocol,
        users.user_id,
        'segment: ' || segments.segment as slice
    from users
    inner join segments
        on users.user_id = segments.user_id
    inner join runs
        on segments.run_id = runs.run_id
    where
        runs.role = 'segments'
        and runs.serves
)

select * from final
