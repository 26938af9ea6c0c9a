with replicates as (
    select * from {{ ref("int_metric_replicates") }}
),

runs as (
    select * from {{ ref("int_current_runs") }}
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
        1.959964 * coalesce(stddev_samp(case when replicate > 0 then value end), 0) as margin
    from replicates
    group by model, protocol, metric, slice
),

final as (
    select
        intervals.model,
        intervals.protocol,
        intervals.metric,
        intervals.slice,
        intervals.value,
        case
            when intervals.metric in ('r2', 'bias') then intervals.value - intervals.margin
            else greatest(intervals.value - intervals.margin, 0)
        end as ci_low,
        case
            when
                intervals.metric in (
                    'mse', 'rmse', 'mae', 'bias', 'interval_width', 'novelty@20', 'popularity_bias@20'
                )
                then intervals.value + intervals.margin
            else least(intervals.value + intervals.margin, 1)
        end as ci_high,
        intervals.row_count,
        runs.run_id
    from intervals
    left join runs
        on
            intervals.model = runs.model
            and intervals.protocol = runs.protocol
    where intervals.value is not null
)

select * from final
order by protocol, metric, slice, value
