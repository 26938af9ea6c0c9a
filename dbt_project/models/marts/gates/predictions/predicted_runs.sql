with runs as (
    select * from {{ ref("current_runs") }}
),

predictions as (
    select * from {{ source("ml", "rating_predictions") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

rating_distribution as (
    select * from {{ ref("rating_distribution") }}
),

rating_summary as (
    select * from {{ ref("rating_summary") }}
),

-- NaN would spoil moments and extremes
finite as (
    select
        run_id,
        user_id,
        movie_id,
        case when {{ is_finite("prediction") }} then prediction end as prediction
    from predictions
),

ends as (
    select coalesce(sum(rating_distribution.rating_pct), 0) as ends_pct
    from rating_distribution
    inner join dataset
        on rating_distribution.rating in (dataset.scale_min, dataset.scale_max)
),

counted as (
    select
        runs.model,
        runs.protocol,
        runs.role,
        count(*) as row_count,
        count(finite.prediction) as prediction_count,
        min(case when finite.prediction is null then finite.user_id end) as missing_user_id,
        stddev_samp(finite.prediction) as deviation,
        min(finite.prediction) as lowest,
        max(finite.prediction) as highest,
        count(
            case
                when finite.prediction <= dataset.scale_min then 1
                when finite.prediction >= dataset.scale_max then 1
            end
        ) as clipped_count
    from runs
    inner join finite
        on runs.run_id = finite.run_id
    cross join dataset
    group by runs.model, runs.protocol, runs.role
)

select
    counted.model,
    counted.protocol,
    counted.role,
    counted.row_count,
    counted.prediction_count,
    counted.missing_user_id,
    counted.lowest,
    counted.highest,
    dataset.scale_min,
    dataset.scale_max,
    greatest(dataset.scale_min - counted.lowest, counted.highest - dataset.scale_max, 0) as off_scale,
    counted.deviation,
    rating_summary.std as rating_deviation,
    100 * {{ safe_divide("counted.deviation", "rating_summary.std") }} as spread_pct,
    100 * {{ safe_divide("counted.clipped_count", "counted.prediction_count") }} as clipped_pct,
    ends.ends_pct,
    100 * {{ safe_divide("counted.clipped_count", "counted.prediction_count") }} - ends.ends_pct
        as clipped_excess
from counted
cross join dataset
cross join ends
left join rating_summary
    on rating_summary.column_name = 'rating'
