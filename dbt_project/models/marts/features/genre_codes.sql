with movies as (
    select * from {{ ref("dim_movies") }}
),

movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
),

rated_combinations as (
    select distinct movies.genres
    from movies
    inner join movie_ratings
        on movies.movie_id = movie_ratings.movie_id
),

final as (
    select
        genres,
        row_number() over (order by genres) - 1 as genre_code
    from rated_combinations
)

select * from final
order by genre_code
