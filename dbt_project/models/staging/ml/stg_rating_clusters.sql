with source as (
    select * from {{ source("ml", "rating_clusters") }}
),

final as (
    select
        run_id,
        user_id,
        movie_id,
        cluster
    from source
)

select * from final
