{%- set bins_per_deviation = 4 -%}

with ratings as (
    select * from {{ ref("standardised_ratings") }}
),

-- Equal values are counted first: there are few, and each is put into a bin once.
counted as (
    {%- for column in ["user_id", "movie_id", "rating"] %}
        select
            '{{ column }}' as column_name,
            {{ column }}_z as standard_value,
            count(*) as rating_count
        from ratings
        group by {{ column }}_z
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

bins as (
    select
        column_name,
        floor(standard_value * {{ bins_per_deviation }}) as bin,
        cast(sum(rating_count) as bigint) as rating_count
    from counted
    group by column_name, floor(standard_value * {{ bins_per_deviation }})
),

final as (
    select
        column_name,
        {{ safe_divide("bin", bins_per_deviation) }} as lower_bound,
        {{ safe_divide("(bin + 1)", bins_per_deviation) }} as upper_bound,
        rating_count,
        {{ bins_per_deviation }} * {{ safe_divide(
            "rating_count", "sum(rating_count) over (partition by column_name)"
        ) }} as density
    from bins
)

select * from final
order by column_name, lower_bound
