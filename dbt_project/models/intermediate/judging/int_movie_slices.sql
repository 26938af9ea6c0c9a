{{ config(materialized="table") }}

with movies as (
    select * from {{ ref("int_movie_popularity") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

final as (
    select
        protocol,
        movie_id,
        case
            when train_count = 0 then 'movies: new'
            when train_count < {{ var("popular_movie_ratings") }} then 'movies: rare'
            else 'movies: popular'
        end as slice
    from movies
    union all
    select
        movies.protocol,
        movies.movie_id,
        'genre: ' || movie_genres.genre as slice
    from movies
    inner join movie_genres
        on movies.movie_id = movie_genres.movie_id
)

select * from final
