with runs as (
    select * from {{ ref("current_runs") }}
),

recommendations as (
    select * from {{ source("ml", "recommendations") }}
)

select
    runs.model,
    recommendations.user_id,
    recommendations.movie_id
from runs
left join recommendations
    on runs.run_id = recommendations.run_id
where
    runs.role = 'lists'
    and runs.protocol = 'serving'
