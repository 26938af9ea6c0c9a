with runs as (
    select * from {{ ref("current_runs") }}
),

layers as (
    select * from {{ source("ml", "network_layers") }}
),

-- A model that has no serving fit is shown as the random protocol fitted it.
numbered as (
    select
        run_id,
        model,
        protocol,
        row_number() over (
            partition by model
            order by case when protocol = 'serving' then 0 else 1 end
        ) as row_number
    from runs
    where protocol in ('serving', 'random')
),

final as (
    select
        numbered.model,
        numbered.protocol,
        layers.position,
        layers.layer,
        layers.kind,
        layers.output_shape,
        layers.weight_count,
        layers.is_trained,
        layers.inputs,
        numbered.run_id
    from layers
    inner join numbered
        on layers.run_id = numbered.run_id
    where numbered.row_number = 1
)

select * from final
order by model, position
