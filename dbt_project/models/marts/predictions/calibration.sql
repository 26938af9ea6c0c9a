with predictions as (
    select * from {{ ref("int_judged_predictions") }}
),

-- A user's rows of a bin are summed first: the interval takes users as its clusters.
user_sums as (
    select
        model,
        protocol,
        {{ half_step_bin("prediction") }} as bin,
        user_id,
        count(*) as row_count,
        sum(prediction) as prediction,
        sum(rating) as rating,
        count(interval_width) as interval_count,
        sum(is_covered) as covered_count
    from predictions
    group by model, protocol, {{ half_step_bin("prediction") }}, user_id
),

means as (
    select
        model,
        protocol,
        bin,
        sum(rating) / sum(row_count) as mean_rating
    from user_sums
    group by model, protocol, bin
),

bins as (
    select
        user_sums.model,
        user_sums.protocol,
        user_sums.bin,
        means.mean_rating,
        sum(user_sums.row_count) as row_count,
        sum(user_sums.prediction) as prediction,
        case
            when count(*) > 1
                then
                    {{ normal_95() }}
                    * sqrt(sum(power(user_sums.rating - user_sums.row_count * means.mean_rating, 2)))
                    / sum(user_sums.row_count)
        end as margin,
        sum(user_sums.interval_count) as interval_count,
        sum(user_sums.covered_count) as covered_count
    from user_sums
    inner join means
        on
            user_sums.model = means.model
            and user_sums.protocol = means.protocol
            and user_sums.bin = means.bin
    group by user_sums.model, user_sums.protocol, user_sums.bin, means.mean_rating
),

final as (
    select
        model,
        protocol,
        {{ half_step_bound("bin") }} as lower_bound,
        {{ half_step_bound("(bin + 1)") }} as upper_bound,
        cast(row_count as bigint) as row_count,
        prediction / row_count as mean_prediction,
        mean_rating,
        mean_rating - margin as ci_low,
        mean_rating + margin as ci_high,
        cast(interval_count as bigint) as interval_count,
        cast(covered_count as bigint) as covered_count,
        100 * {{ safe_divide("covered_count", "interval_count") }} as covered_pct
    from bins
)

select * from final
order by model, protocol, lower_bound
