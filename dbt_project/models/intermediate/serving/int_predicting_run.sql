with runs as (
    select * from {{ ref("current_runs") }}
),

metrics as (
    select * from {{ source("ml", "metrics") }}
),

final as (
    select
        runs.run_id,
        metrics.value as half_width
    from runs
    left join metrics
        on
            runs.run_id = metrics.run_id
            and metrics.metric = 'interval_half_width'
            and metrics.setting = 'level=0.9'
    where
        runs.role = 'ratings'
        and runs.serves
)

select * from final
