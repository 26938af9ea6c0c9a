with runs as (
    select * from {{ ref("current_runs") }}
),

importances as (
    select * from {{ source("ml", "feature_importances") }}
),

final as (
    select
        runs.model,
        runs.protocol,
        row_number() over (
            partition by runs.run_id
            order by importances.gain desc, importances.feature asc
        ) as importance_rank,
        importances.feature,
        importances.gain,
        importances.gain_pct,
        importances.split_count,
        importances.run_id
    from importances
    inner join runs
        on importances.run_id = runs.run_id
)

select * from final
order by model, protocol, importance_rank
