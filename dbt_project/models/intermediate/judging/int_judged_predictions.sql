with model_predictions as (
    select * from {{ ref("int_model_predictions") }}
),

baseline_predictions as (
    select * from {{ ref("int_baseline_predictions") }}
),

test_users as (
    select * from {{ ref("int_test_users") }}
),

movies as (
    select * from {{ ref("int_movie_popularity") }}
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
        predictions.protocol,
        predictions.model,
        predictions.user_id,
        predictions.movie_id,
        predictions.rating,
        predictions.prediction,
        predictions.prediction - predictions.rating as error,
        predictions.upper_bound - predictions.lower_bound as interval_width,
        case
            when predictions.rating between predictions.lower_bound and predictions.upper_bound then 1
            else 0
        end as is_covered,
        case when test_users.train_count = 0 or movies.train_count = 0 then 1 else 0 end as is_unknown
    from predictions
    -- Each rating has both; inner joins might be made before the others, by protocol alone
    left join test_users
        on
            predictions.protocol = test_users.protocol
            and predictions.user_id = test_users.user_id
    left join movies
        on
            predictions.protocol = movies.protocol
            and predictions.movie_id = movies.movie_id
)

select * from final
