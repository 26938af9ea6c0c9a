with runs as (
    select * from {{ ref("current_runs") }}
),

models as (
    select * from {{ ref("models") }}
),

recommendations as (
    select * from {{ source("ml", "recommendations") }}
)

select
    runs.model,
    recommendations.user_id,
    recommendations.movie_id
from runs
inner join models
    on runs.model = models.model
left join recommendations
    on runs.run_id = recommendations.run_id
where
    models.role = 'lists'
    and runs.protocol = 'serving'
