with source as (
    select * from {{ source("ml", "feature_importances") }}
),

final as (
    select
        run_id,
        feature,
        gain,
        gain_pct,
        split_count
    from source
)

select * from final
