with vectors as (
    select * from {{ ref("int_vector_lengths") }}
),

limits as (
    select * from {{ ref("int_similarity_limits") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

with_limits as (
    select
        vectors.run_id,
        vectors.movie_id,
        vectors.embedding,
        vectors.length,
        -- Similarities are rounded once they are known to reach the limit
        coalesce(limits.similarity, -1) - 1e-9 as least
    from vectors
    left join limits
        on vectors.movie_id = limits.movie_id
),

candidates as (
    select * from vectors
    where is_candidate
),

pairs as (
    select
        with_limits.run_id,
        with_limits.movie_id,
        with_limits.least,
        candidates.movie_id as similar_movie_id,
        {{ similarity("with_limits", "candidates") }} as similarity
    from with_limits
    cross join candidates
    where with_limits.movie_id != candidates.movie_id
),

near as (
    select
        run_id,
        movie_id,
        similar_movie_id,
        -- Rounded, so that equal ones are equal whatever the order of summation
        round(similarity, 9) as similarity
    from pairs
    where similarity >= least
),

ranked as (
    select
        *,
        row_number() over (
            partition by movie_id
            order by similarity desc, similar_movie_id asc
        ) as rank
    from near
),

final as (
    select
        ranked.run_id,
        ranked.movie_id,
        movies.title,
        ranked.rank,
        ranked.similar_movie_id,
        similar_movies.title as similar_title,
        ranked.similarity
    from ranked
    inner join movies
        on ranked.movie_id = movies.movie_id
    inner join movies as similar_movies
        on ranked.similar_movie_id = similar_movies.movie_id
    where ranked.rank <= {{ var("list_length") }}
)

select * from final
order by movie_id, rank
