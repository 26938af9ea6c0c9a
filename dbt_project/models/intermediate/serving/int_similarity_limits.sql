with vectors as (
    select * from {{ ref("int_vector_lengths") }}
),

numbered as (
    select
        movie_id,
        embedding,
        length,
        row_number() over (order by movie_id) as number
    from vectors
    where is_candidate
),

sampled as (
    select * from numbered
    where number % 16 = 1
),

similarities as (
    select
        vectors.movie_id,
        {{ similarity("vectors", "sampled") }} as similarity
    from vectors
    cross join sampled
    where vectors.movie_id != sampled.movie_id
),

final as (
    select
        movie_id,
        {{ nth_largest("similarity", var("list_length")) }} as similarity
    from similarities
    where similarity is not null
    group by movie_id
)

select * from final
