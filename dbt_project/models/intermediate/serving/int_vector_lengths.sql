with vectors as (
    select
        run_id,
        movie_id,
        cast(embedding as {{ column_type("double[]") }}) as embedding
    from {{ ref("movie_vectors") }}
),

scores as (
    select * from {{ ref("movie_scores") }}
),

final as (
    select
        vectors.run_id,
        vectors.movie_id,
        vectors.embedding,
        sqrt({{ dot_product("vectors.embedding", "vectors.embedding") }}) as length,
        scores.movie_id is not null as is_candidate
    from vectors
    left join scores
        on vectors.movie_id = scores.movie_id
)

select * from final
