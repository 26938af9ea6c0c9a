{%- set size = 62 -%}

-- A number that is not negative has 62 bits to spare; more genres take more numbers.
with numbered as (
    select
        movie_id,
        genre,
        dense_rank() over (order by genre) - 1 as genre_number
    from {{ ref("bridge_movie_genres") }}
)

select
    movie_id,
    genre,
    cast(floor(genre_number / {{ size }}) as bigint) as part,
    cast(power(2, genre_number % {{ size }}) as bigint) as bit
from numbered
