with vectors as (
    select * from {{ ref("movie_vectors") }}
),

scores as (
    select * from {{ ref("movie_scores") }}
),

-- All lengths are taken once, not once a pair.
with_lengths as (
    select
        run_id,
        movie_id,
        embedding,
        sqrt({{ dot_product("embedding", "embedding") }}) as length
    from vectors
),

-- A vector learnt from few ratings says little, and chance would put it near many.
candidates as (
    select
        with_lengths.movie_id,
        with_lengths.embedding,
        with_lengths.length
    from with_lengths
    inner join scores
        on with_lengths.movie_id = scores.movie_id
),

final as (
    select
        with_lengths.run_id,
        with_lengths.movie_id,
        candidates.movie_id as similar_movie_id,
        -- As a condition of the join this would take it four times as long.
        case
            when with_lengths.movie_id != candidates.movie_id
                then {{ safe_divide(
                    dot_product("with_lengths.embedding", "candidates.embedding"),
                    "(with_lengths.length * candidates.length)"
                ) }}
        end as similarity
    from with_lengths
    cross join candidates
)

select * from final
