with exploded as (
    select
        movie_id,
        {{ split_to_rows("genres", "|") }} as genre
    from {{ ref("dim_movies") }}
)

select distinct
    movie_id,
    {{ trimmed("genre") }} as genre
from exploded
where {{ trimmed("genre") }} != ''
order by movie_id, genre
