with movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

scored as (
    select
        movies.movie_id,
        movies.title,
        movies.genres,
        movie_ratings.rating_count,
        movie_ratings.mean_rating,
        {{ weighted_score(
            "movie_ratings.rating_count", "movie_ratings.mean_rating", "dataset.mean_rating"
        ) }} as weighted_score
    from movie_ratings
    inner join movies
        on movie_ratings.movie_id = movies.movie_id
    cross join dataset
    where movie_ratings.rating_count >= {{ var("weighted_score_m") }}
),

final as (
    select
        movie_id,
        title,
        genres,
        rating_count,
        mean_rating,
        weighted_score,
        row_number() over (
            order by weighted_score desc, rating_count desc, movie_id asc
        ) as score_rank
    from scored
)

select * from final
order by score_rank
