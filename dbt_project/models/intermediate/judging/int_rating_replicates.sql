{#- The metrics, of sums over the test rows of a slice. -#}
{% set metrics = {
    "mse": "squared_error / row_count",
    "rmse": "sqrt(squared_error / row_count)",
    "mae": "absolute_error / row_count",
    "r2": "case when rating_variance > 1e-9 then 1 - squared_error / row_count / rating_variance end",
    "bias": "error / row_count",
    "interval_coverage": safe_divide("covered_count", "interval_count"),
    "interval_width": safe_divide("interval_width", "interval_count"),
} %}

with sums as (
    select * from {{ ref("int_rating_sums") }}
),

weights as (
    select * from {{ ref("int_replicate_weights") }}
),

metrics as (
    {% for metric in metrics -%}
        select '{{ metric }}' as metric{{ " union all" if not loop.last }}
    {% endfor %}
),

drawn as (
    select
        sums.protocol,
        sums.slice,
        sums.model,
        weights.replicate,
        sum(weights.weight * sums.row_count) as row_count,
        sum(weights.weight * sums.rating) as rating,
        sum(weights.weight * sums.squared_rating) as squared_rating,
        sum(weights.weight * sums.error) as error,
        sum(weights.weight * sums.absolute_error) as absolute_error,
        sum(weights.weight * sums.squared_error) as squared_error,
        sum(weights.weight * sums.interval_count) as interval_count,
        sum(weights.weight * sums.interval_width) as interval_width,
        sum(weights.weight * sums.covered_count) as covered_count
    from sums
    inner join weights
        on sums.block = weights.block
    group by sums.protocol, sums.slice, sums.model, weights.replicate
),

-- Where all ratings are equal, the variance is 0 but for rounding, and there is no r2.
with_variance as (
    select
        protocol,
        slice,
        model,
        replicate,
        row_count,
        squared_rating / row_count - power(rating / row_count, 2) as rating_variance,
        error,
        absolute_error,
        squared_error,
        interval_count,
        interval_width,
        covered_count
    from drawn
),

final as (
    select
        with_variance.protocol,
        with_variance.slice,
        with_variance.model,
        metrics.metric,
        with_variance.replicate,
        cast(with_variance.row_count as bigint) as row_count,
        case metrics.metric
            {% for metric, expression in metrics.items() -%}
                when '{{ metric }}' then {{ expression }}
            {% endfor %}
        end as value
    from with_variance
    cross join metrics
)

select * from final
