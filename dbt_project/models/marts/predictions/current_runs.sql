{%- set limited = ["movies", "users", "rows"] -%}

-- A serving run stands until a later one of the dataset replaces it, also after ratings came. Where
-- models are compared, all runs are on the same data: those as they are now.
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
        runs.params,
        models.role,
        models.track,
        models.serving_rank,
        row_number() over (
            partition by runs.model, runs.protocol
            order by runs.finished_at desc, runs.run_id desc
        ) as row_number
    from runs
    inner join models
        on runs.model = models.model
    cross join dataset
    where
        runs.protocol = 'serving' and runs.dataset = dataset.dataset
        or runs.data_fingerprint = dataset.data_fingerprint
),

latest as (
    select
        model,
        protocol,
        run_id,
        params,
        role,
        track,
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
        track,
        serving_rank,
        coalesce(protocol = 'serving' and serving_rank = first_rank, false) as serves,
        nullif(concat_ws(
            ' and ',
            {%- for what in limited %}
                {{ regex_group("params", '"fitted_' ~ what ~ '": ([0-9]+)') }} || ' {{ what }}'
                {{- "," if not loop.last }}
            {%- endfor %}
        ), '') as fitted_to
    from latest
)

select * from final
order by model, protocol
