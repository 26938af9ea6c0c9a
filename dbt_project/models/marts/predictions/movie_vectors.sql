{{ config(materialized=published_view()) }}

with runs as (
    select * from {{ ref("current_runs") }}
),

embeddings as (
    select * from {{ source("ml", "movie_embeddings") }}
),

final as (
    select
        runs.run_id,
        embeddings.movie_id,
        embeddings.bias,
        embeddings.embedding
    from embeddings
    inner join runs
        on embeddings.run_id = runs.run_id
    where runs.role = 'ratings' and runs.serves
)

select * from final
