-- A run stands for its model and protocol until a later one replaces it or the data change.
with runs as (
    select * from {{ source("ml", "runs") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

models as (
    select * from {{ ref("models") }}
),

numbered as (
    select
        runs.model,
        runs.protocol,
        runs.run_id,
        models.role,
        models.serving_rank,
        row_number() over (
            partition by runs.model, runs.protocol
            order by runs.finished_at desc, runs.run_id desc
        ) as row_number
    from runs
    inner join dataset
        on runs.data_fingerprint = dataset.data_fingerprint
    inner join models
        on runs.model = models.model
),

latest as (
    select
        model,
        protocol,
        run_id,
        role,
        serving_rank,
        min(case when protocol = 'serving' then serving_rank end) over (partition by role)
            as first_rank
    from numbered
    where row_number = 1
),

final as (
    select
        model,
        protocol,
        run_id,
        role,
        serving_rank,
        coalesce(protocol = 'serving' and serving_rank = first_rank, false) as serves
    from latest
)

select * from final
order by model, protocol
