{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="fail",
    pre_hook="{{ delete_changed_ratings() }}"
) }}

-- depends_on: {{ ref("stg_changed_ratings") }}
with compared as (
    select * from {{ ref("int_compared_ratings") }}
    where rating_count > 1
),

numbered as (
    select
        user_id,
        movie_id,
        rating,
        rated_at,
        row_number = 1 as is_kept,
        row_number() over (
            partition by user_id, movie_id
            order by rated_at asc nulls first, {{ line_order() }}
        ) as rating_number
    from compared
),

final as (
    select
        user_id,
        movie_id,
        rating_number,
        rating,
        rated_at,
        lead(rated_at) over (
            partition by user_id, movie_id
            order by rating_number
        ) as rated_again_at,
        is_kept
    from numbered
)

select * from final
