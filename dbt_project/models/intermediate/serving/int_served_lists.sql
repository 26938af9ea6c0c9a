-- Lists are judged on the data that they were made from: users who came since have none.
with current_runs as (
    select * from {{ ref("current_runs") }}
),

runs as (
    select * from {{ source("ml", "runs") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

recommendations as (
    select * from {{ source("ml", "recommendations") }}
)

select
    current_runs.model,
    recommendations.user_id,
    recommendations.movie_id
from current_runs
inner join runs
    on current_runs.run_id = runs.run_id
inner join dataset
    on runs.data_fingerprint = dataset.data_fingerprint
left join recommendations
    on current_runs.run_id = recommendations.run_id
where
    current_runs.role = 'lists'
    and current_runs.protocol = 'serving'
