with movies as (
    select * from {{ ref("dim_movies") }}
),

movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
)

select
    movies.genres,
    row_number() over (order by movies.genres) - 1 as genre_code
from movies
inner join movie_ratings
    on movies.movie_id = movie_ratings.movie_id
group by movies.genres
order by genre_code
