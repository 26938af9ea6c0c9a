with runs as (
    select * from {{ source("ml", "runs") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

shown as (
    {%- for relation in [
        "model_leaderboard", "recommended_movies", "feature_importances", "rating_cluster_profiles"
    ] %}
        select distinct
            '{{ relation }}' as relation_name,
            run_id
        from {{ ref(relation) }}
        where run_id is not null
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
)

select
    shown.relation_name,
    shown.run_id,
    runs.data_fingerprint as run_fingerprint,
    dataset.data_fingerprint
from shown
left join runs
    on shown.run_id = runs.run_id
cross join dataset
-- A run that serves goes on serving after ratings came
where coalesce(runs.protocol, '') != 'serving'
