with source as (
    select * from {{ source("ml", "metrics") }}
),

final as (
    select
        run_id,
        metric,
        setting,
        value
    from source
)

select * from final
