{%- set bins_per_deviation = 4 -%}

with value_counts as (
    select * from {{ ref("int_value_counts") }}
),

scales as (
    select * from {{ ref("int_scales") }}
),

-- A value stands for all ratings that have it. Rounded, so that a value on a bin's bound stays there
-- whatever the last digits of the mean and the deviation are.
standardised as (
    select
        value_counts.column_name,
        round(
            {{ standardised("value_counts.value", "scales.mean", "scales.std") }}, 8
        ) as standard_value,
        value_counts.value_count
    from value_counts
    inner join scales
        on value_counts.column_name = scales.column_name
),

bins as (
    select
        column_name,
        floor(standard_value * {{ bins_per_deviation }}) as bin,
        cast(sum(value_count) as bigint) as rating_count
    from standardised
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
