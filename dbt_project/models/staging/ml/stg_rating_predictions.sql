with source as (
    select * from {{ source("ml", "rating_predictions") }}
),

final as (
    select
        run_id,
        user_id,
        movie_id,
        prediction,
        lower_bound,
        upper_bound
    from source
)

select * from final
