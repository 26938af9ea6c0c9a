with exploded as (
    select
        movie_id,
        {{ split_to_rows("genres", "|") }} as genre
    from {{ ref("dim_movies") }}
)

select distinct
    movie_id,
    trim(genre) as genre
from exploded
where trim(genre) != ''
order by movie_id, genre
