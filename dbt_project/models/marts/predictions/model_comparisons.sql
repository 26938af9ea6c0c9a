with measured as (
    select * from {{ ref("int_metric_replicates") }}
    where slice = 'all'
),

-- In each replicate both models are judged on the same users, drawn equally often.
differences as (
    select
        measured.protocol,
        measured.metric,
        measured.model,
        other.model as other_model,
        measured.replicate,
        measured.row_count,
        measured.value - other.value as difference
    from measured
    inner join measured as other
        on
            measured.protocol = other.protocol
            and measured.metric = other.metric
            and measured.replicate = other.replicate
            and measured.row_count = other.row_count
    where measured.model < other.model
),

intervals as (
    select
        protocol,
        metric,
        model,
        other_model,
        max(case when replicate = 0 then difference end) as difference,
        max(case when replicate = 0 then row_count end) as row_count,
        {{ bootstrap_margin("difference") }} as margin
    from differences
    group by protocol, metric, model, other_model
),

final as (
    select
        protocol,
        metric,
        model,
        other_model,
        difference,
        difference - margin as ci_low,
        difference + margin as ci_high,
        -- Sums in another order differ in their last digits: that is no difference.
        abs(difference) > margin + 1e-9 as is_clear,
        row_count
    from intervals
    where difference is not null
)

select * from final
order by protocol, metric, model, other_model
