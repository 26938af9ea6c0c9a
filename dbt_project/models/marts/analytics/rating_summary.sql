{%- set quantiles = {"p25": 0.25, "p50": 0.5, "p75": 0.75} -%}

-- How often each value occurs is all that the figures need: exact, and small at any number of
-- ratings.
with value_counts as (
    select * from {{ ref("int_value_counts") }}
),

totals as (
    select
        column_name,
        sum(value_count) as total_count,
        sum(value * value_count) / sum(value_count) as mean,
        min(value) as min,
        max(value) as max
    from value_counts
    group by column_name
),

moments as (
    select
        value_counts.column_name,
        sqrt(
            sum(value_counts.value_count * power(value_counts.value - totals.mean, 2))
            / nullif(max(totals.total_count) - 1, 0)
        ) as std
    from value_counts
    inner join totals
        on value_counts.column_name = totals.column_name
    group by value_counts.column_name
),

cumulated as (
    select
        column_name,
        value,
        sum(value_count) over (partition by column_name order by value) as cumulative_count,
        sum(value_count) over (partition by column_name) as total_count
    from value_counts
),

-- The quantile p of n sorted values lies at position (n - 1) * p, between its two neighbours.
neighbours as (
    select
        column_name,
        {%- for name, share in quantiles.items() %}
            min(
                case when cumulative_count > floor((total_count - 1) * {{ share }}) then value end
            ) as {{ name }}_below,
            min(
                case when cumulative_count > ceil((total_count - 1) * {{ share }}) then value end
            ) as {{ name }}_above,
        {%- endfor %}
        max(total_count) as total_count
    from cumulated
    group by column_name
),

final as (
    select
        totals.column_name,
        cast(totals.total_count as bigint) as count,
        totals.mean,
        moments.std,
        totals.min,
        {%- for name, share in quantiles.items() %}
            neighbours.{{ name }}_below
            + (neighbours.{{ name }}_above - neighbours.{{ name }}_below)
            * (
                (neighbours.total_count - 1) * {{ share }}
                - floor((neighbours.total_count - 1) * {{ share }})
            ) as {{ name }},
        {%- endfor %}
        totals.max
    from totals
    inner join moments
        on totals.column_name = moments.column_name
    inner join neighbours
        on totals.column_name = neighbours.column_name
)

select * from final
