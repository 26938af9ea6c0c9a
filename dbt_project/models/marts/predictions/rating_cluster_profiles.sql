with runs as (
    select * from {{ ref("current_runs") }}
),

clusters as (
    select * from {{ source("ml", "rating_clusters") }}
),

ratings as (
    select * from {{ ref("fct_ratings") }}
),

profiles as (
    select
        clusters.run_id,
        clusters.cluster,
        count(*) as rating_count,
        avg(ratings.user_id) as mean_user_id,
        avg(ratings.movie_id) as mean_movie_id,
        avg(ratings.rating) as mean_rating
    from clusters
    inner join runs
        on clusters.run_id = runs.run_id
    inner join ratings
        on
            clusters.user_id = ratings.user_id
            and clusters.movie_id = ratings.movie_id
    where runs.role = 'clusters' and runs.serves
    group by clusters.run_id, clusters.cluster
),

final as (
    select
        run_id,
        cluster,
        rating_count,
        100 * {{ safe_divide("rating_count", "sum(rating_count) over ()") }} as rating_pct,
        mean_user_id,
        mean_movie_id,
        mean_rating
    from profiles
)

select * from final
order by cluster
