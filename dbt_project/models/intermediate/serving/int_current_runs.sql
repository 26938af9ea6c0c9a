-- A run stands for its model until a later one replaces it or the data change.
with runs as (
    select * from {{ source("ml", "runs") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

numbered as (
    select
        runs.run_id,
        runs.model,
        runs.protocol,
        row_number() over (
            partition by runs.model, runs.protocol
            order by runs.finished_at desc, runs.run_id desc
        ) as row_number
    from runs
    inner join dataset
        on runs.data_fingerprint = dataset.data_fingerprint
),

final as (
    select
        run_id,
        model,
        protocol
    from numbered
    where row_number = 1
)

select * from final
