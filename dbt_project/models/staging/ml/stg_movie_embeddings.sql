with source as (
    select * from {{ source("ml", "movie_embeddings") }}
),

final as (
    select
        run_id,
        movie_id,
        embedding,
        bias
    from source
)

select * from final
