with source as (
    select * from {{ source("ml", "training_history") }}
),

final as (
    select
        run_id,
        epoch,
        loss,
        val_loss,
        seconds
    from source
)

select * from final
