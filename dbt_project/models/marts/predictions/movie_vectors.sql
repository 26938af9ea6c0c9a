{{ config(materialized="view") }}

with run as (
    select * from {{ ref("int_predicting_run") }}
),

embeddings as (
    select * from {{ source("ml", "movie_embeddings") }}
),

final as (
    select
        run.run_id,
        embeddings.movie_id,
        embeddings.bias,
        embeddings.embedding
    from embeddings
    inner join run
        on embeddings.run_id = run.run_id
)

select * from final
