{{ config(materialized="view") }}

-- z = (x - mean) / population standard deviation; the summary's deviation is the sample's.
with ratings as (
    select * from {{ ref("fct_ratings") }}
),

summary as (
    select * from {{ ref("rating_summary") }}
),

scales as (
    select
        {%- for column in ["user_id", "movie_id", "rating"] %}
        max(case when column_name = '{{ column }}' then mean end) as {{ column }}_mean,
        max(
            case
                when column_name = '{{ column }}'
                    then std * sqrt(cast(count - 1 as double) / count)
            end
        ) as {{ column }}_std
        {{- "," if not loop.last }}
        {%- endfor %}
    from summary
),

final as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        {%- for column in ["user_id", "movie_id", "rating"] %}
        -- A column without spread says nothing: 0, as StandardScaler has it
        coalesce(
            round((ratings.{{ column }} - scales.{{ column }}_mean) / nullif(scales.{{ column }}_std, 0), 8),
            0
        ) as {{ column }}_z
        {{- "," if not loop.last }}
        {%- endfor %}
    from ratings
    cross join scales
)

select * from final
