with leaderboard as (
    select * from {{ ref("model_leaderboard") }}
),

models as (
    select * from {{ ref("models") }}
)

select
    judged.protocol,
    judged.model,
    judged.row_count,
    judged.value as rmse,
    judged.ci_low as rmse_ci_low,
    baseline.value as baseline_rmse
from leaderboard as judged
inner join models
    on judged.model = models.model
inner join leaderboard as baseline
    on
        judged.protocol = baseline.protocol
        and judged.metric = baseline.metric
        and judged.slice = baseline.slice
where
    models.role = 'ratings'
    and models.serving_rank = 1
    and baseline.model = 'user_movie_biases'
    and judged.metric = 'rmse'
    and judged.slice = 'all'
