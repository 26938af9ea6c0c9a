{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="fail",
    pre_hook="{{ delete_changed_ratings() }}"
) }}

-- depends_on: {{ ref("stg_changed_ratings") }}
with ratings as (
    select * from {{ ref("int_ratings_checked") }}
),

compared as (
    select * from {{ ref("int_compared_ratings") }}
    where row_number = 1
),

-- A build of changes compares all that it inserts.
rated_once as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        ratings.rated_at
    from ratings
    left join compared
        on
            ratings.user_id = compared.user_id
            and ratings.movie_id = compared.movie_id
    where
        ratings.broken_rule is null
        and compared.user_id is null
        {% if is_incremental() %} and false {% endif %}
),

final as (
    select * from rated_once
    union all
    select
        user_id,
        movie_id,
        rating,
        rated_at
    from compared
)

select * from final
