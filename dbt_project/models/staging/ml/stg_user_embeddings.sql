with source as (
    select * from {{ source("ml", "user_embeddings") }}
),

final as (
    select
        run_id,
        user_id,
        embedding,
        bias
    from source
)

select * from final
