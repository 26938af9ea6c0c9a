with movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
)

select
    movies.movie_id,
    movies.title,
    movies.genres,
    movie_ratings.rating_count,
    movie_ratings.mean_rating,
    {{ rated_by("movie_ratings.rating_count", "movie_ratings.mean_rating") }} as rated_by,
    row_number() over (
        order by movie_ratings.rating_count desc, movie_ratings.movie_id asc
    ) as popularity_rank
from movie_ratings
inner join movies
    on movie_ratings.movie_id = movies.movie_id
order by popularity_rank
