with model_predictions as (
    select * from {{ ref("int_model_predictions") }}
),

baseline_predictions as (
    select * from {{ ref("int_baseline_predictions") }}
),

predictions as (
    select
        protocol,
        model,
        user_id,
        movie_id,
        rating,
        prediction,
        lower_bound,
        upper_bound
    from model_predictions
    union all
    select
        protocol,
        model,
        user_id,
        movie_id,
        rating,
        prediction,
        cast(null as double) as lower_bound,
        cast(null as double) as upper_bound
    from baseline_predictions
),

final as (
    select
        protocol,
        model,
        user_id,
        movie_id,
        rating,
        prediction,
        prediction - rating as error,
        upper_bound - lower_bound as interval_width,
        case when rating between lower_bound and upper_bound then 1 else 0 end as is_covered
    from predictions
)

select * from final
