with source as (
    select * from {{ source("ml", "models") }}
),

final as (
    select
        model,
        role,
        serving_rank,
        description
    from source
)

select * from final
