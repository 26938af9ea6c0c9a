with runs as (
    select * from {{ ref("current_runs") }}
),

predictions as (
    select * from {{ source("ml", "rating_predictions") }}
),

ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

final as (
    select
        runs.model,
        runs.protocol,
        runs.run_id,
        predictions.user_id,
        predictions.movie_id,
        ratings.rating,
        predictions.prediction,
        predictions.lower_bound,
        predictions.upper_bound
    from predictions
    inner join runs
        on predictions.run_id = runs.run_id
    inner join ratings
        on
            runs.protocol = ratings.protocol
            and predictions.user_id = ratings.user_id
            and predictions.movie_id = ratings.movie_id
    where ratings.split = 'test'
)

select * from final
