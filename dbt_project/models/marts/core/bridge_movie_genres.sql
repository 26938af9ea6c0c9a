with movies as (
    select * from {{ ref("dim_movies") }}
),

exploded as (
    select
        movie_id,
        {{ split_to_rows("genres", "|") }} as genre
    from movies
),

trimmed as (
    select distinct
        movie_id,
        trim(genre) as genre
    from exploded
),

final as (
    select
        movie_id,
        genre
    from trimmed
    where genre != ''
)

select * from final
order by movie_id, genre
