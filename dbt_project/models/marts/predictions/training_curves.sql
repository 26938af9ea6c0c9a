with runs as (
    select * from {{ ref("current_runs") }}
),

history as (
    select * from {{ source("ml", "training_history") }}
),

numbered as (
    select
        runs.run_id,
        runs.model,
        runs.protocol,
        history.epoch,
        history.loss,
        history.val_loss,
        row_number() over (
            partition by runs.run_id
            order by history.val_loss, history.epoch
        ) as val_loss_rank
    from history
    inner join runs
        on history.run_id = runs.run_id
),

final as (
    select
        run_id,
        model,
        protocol,
        epoch,
        loss,
        val_loss,
        val_loss_rank = 1 as is_kept
    from numbered
)

select * from final
order by model, protocol, epoch
