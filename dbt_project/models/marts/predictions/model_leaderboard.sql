-- The interval is that of a ratio of sums over users, who are drawn independently:
-- the linearised variance of Cochran, Sampling Techniques (1977), section 6.3.
with model_predictions as (
    select * from {{ ref("int_model_predictions") }}
),

baseline_predictions as (
    select * from {{ ref("int_baseline_predictions") }}
),

predictions as (
    select
        model,
        protocol,
        run_id,
        user_id,
        prediction - rating as error
    from model_predictions
    union all
    select
        model,
        protocol,
        null as run_id,
        user_id,
        prediction - rating as error
    from baseline_predictions
),

user_losses as (
    select
        model,
        protocol,
        max(run_id) as run_id,
        user_id,
        count(*) as row_count,
        sum(error * error) as squared_error,
        sum(abs(error)) as absolute_error
    from predictions
    group by model, protocol, user_id
),

user_metrics as (
    select
        model,
        protocol,
        run_id,
        'mse' as metric,
        row_count,
        squared_error as loss
    from user_losses
    union all
    select
        model,
        protocol,
        run_id,
        'mae' as metric,
        row_count,
        absolute_error as loss
    from user_losses
),

means as (
    select
        model,
        protocol,
        metric,
        max(run_id) as run_id,
        count(*) as user_count,
        cast(sum(row_count) as bigint) as row_count,
        sum(loss) / sum(row_count) as value
    from user_metrics
    group by model, protocol, metric
),

deviations as (
    select
        user_metrics.model,
        user_metrics.protocol,
        user_metrics.metric,
        sum(power(user_metrics.loss - means.value * user_metrics.row_count, 2)) as squared_deviation
    from user_metrics
    inner join means
        on
            user_metrics.model = means.model
            and user_metrics.protocol = means.protocol
            and user_metrics.metric = means.metric
    group by user_metrics.model, user_metrics.protocol, user_metrics.metric
),

with_errors as (
    select
        means.model,
        means.protocol,
        means.metric,
        means.run_id,
        means.row_count,
        means.value,
        1.959964 * sqrt(
            coalesce({{ safe_divide("means.user_count", "means.user_count - 1") }}, 0)
            * deviations.squared_deviation
        ) / means.row_count as margin
    from means
    inner join deviations
        on
            means.model = deviations.model
            and means.protocol = deviations.protocol
            and means.metric = deviations.metric
),

intervals as (
    select
        model,
        protocol,
        metric,
        run_id,
        row_count,
        value,
        greatest(value - margin, 0) as ci_low,
        value + margin as ci_high
    from with_errors
),

with_rmse as (
    select
        model,
        protocol,
        metric,
        run_id,
        row_count,
        value,
        ci_low,
        ci_high
    from intervals
    union all
    select
        model,
        protocol,
        'rmse' as metric,
        run_id,
        row_count,
        sqrt(value) as value,
        sqrt(ci_low) as ci_low,
        sqrt(ci_high) as ci_high
    from intervals
    where metric = 'mse'
),

final as (
    select
        model,
        protocol,
        metric,
        'all' as slice,
        value,
        ci_low,
        ci_high,
        row_count,
        run_id
    from with_rmse
)

select * from final
order by protocol, metric, value
