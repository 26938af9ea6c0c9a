{{ config(materialized="view") }}

with splits as (
    select * from {{ ref("rating_splits") }}
),

final as (
    select
        user_id,
        movie_id,
        fold
    from splits
)

select * from final
