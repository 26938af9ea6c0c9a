with source as (
    select * from {{ source("ml", "recommendations") }}
),

final as (
    select
        run_id,
        user_id,
        rank,
        movie_id,
        score,
        reason
    from source
)

select * from final
