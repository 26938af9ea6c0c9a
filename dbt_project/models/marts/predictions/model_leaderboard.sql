with replicates as (
    select * from {{ ref("int_metric_replicates") }}
),

metrics as (
    select * from {{ ref("metrics") }}
),

runs as (
    select * from {{ ref("current_runs") }}
),

-- Replicate 0 is the measurement itself, the others are what other users would have given.
intervals as (
    select
        model,
        protocol,
        metric,
        slice,
        max(case when replicate = 0 then value end) as value,
        max(case when replicate = 0 then row_count end) as row_count,
        {{ bootstrap_margin("value") }} as margin
    from replicates
    group by model, protocol, metric, slice
),

-- A missing limit cuts nothing off: `greatest` and `least` pass over nulls.
final as (
    select
        intervals.model,
        intervals.protocol,
        intervals.metric,
        intervals.slice,
        intervals.value,
        greatest(intervals.value - intervals.margin, metrics.lower_limit) as ci_low,
        least(intervals.value + intervals.margin, metrics.upper_limit) as ci_high,
        intervals.row_count,
        runs.run_id,
        -- The baselines of SQL have no run, and know no times
        coalesce(runs.track, 'time-free') as track,
        runs.fitted_to
    from intervals
    inner join metrics
        on intervals.metric = metrics.metric
    left join runs
        on
            intervals.model = runs.model
            and intervals.protocol = runs.protocol
    where intervals.value is not null
)

select * from final
order by protocol, metric, slice, value
