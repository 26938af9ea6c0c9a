with runs as (
    select * from {{ ref("current_runs") }}
),

recommendations as (
    select * from {{ source("ml", "recommendations") }}
),

most_rated as (
    select * from {{ ref("int_most_rated_lists") }}
),

final as (
    select
        runs.model,
        runs.protocol,
        recommendations.user_id,
        recommendations.rank,
        recommendations.movie_id
    from recommendations
    inner join runs
        on recommendations.run_id = runs.run_id
    where
        runs.protocol != 'serving'
        and recommendations.rank <= {{ var("list_length") }}
    union all
    select
        'most_rated' as model,
        protocol,
        user_id,
        rank,
        movie_id
    from most_rated
)

select * from final
