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

-- The length of each vector is computed once, not once per pair.
with_lengths as (
    select
        run_id,
        movie_id,
        embedding,
        sqrt({{ dot_product("embedding", "embedding") }}) as length
    from vectors
),

-- A vector learnt from few ratings says little: by chance alone it would be near many others.
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
        -- As a condition of the join, this makes the query four times slower.
        case
            when with_lengths.movie_id != candidates.movie_id
                -- Rounded, so that equal ones are equal whatever the order of summation
                then round({{ safe_divide(
                    dot_product("with_lengths.embedding", "candidates.embedding"),
                    "(with_lengths.length * candidates.length)"
                ) }}, 9)
        end as similarity
    from with_lengths
    cross join candidates
)

select * from final
