with scores as (
    select * from {{ ref("movie_scores") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
)

select
    movie_genres.genre,
    row_number() over (
        partition by movie_genres.genre
        order by scores.score_rank
    ) as genre_rank,
    scores.movie_id,
    scores.title,
    scores.genres,
    scores.rating_count,
    scores.mean_rating,
    scores.weighted_score,
    scores.score_rank
from scores
inner join movie_genres
    on scores.movie_id = movie_genres.movie_id
order by movie_genres.genre, genre_rank
