with source as (
    select * from {{ source("ml", "user_segments") }}
),

final as (
    select
        run_id,
        user_id,
        segment,
        x,
        y
    from source
)

select * from final
