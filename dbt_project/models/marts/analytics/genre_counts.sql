with movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
)

select
    movie_genres.genre,
    count(*) as movie_count,
    count(movie_ratings.movie_id) as rated_movie_count,
    cast(coalesce(sum(movie_ratings.rating_count), 0) as bigint) as rating_count,
    {{ safe_divide("sum(movie_ratings.rating_sum)", "sum(movie_ratings.rating_count)") }} as mean_rating
from movie_genres
left join movie_ratings
    on movie_genres.movie_id = movie_ratings.movie_id
group by movie_genres.genre
order by movie_genres.genre
