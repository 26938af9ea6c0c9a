with ratings as (
    select * from {{ ref("stg_ratings") }}
),

movies as (
    select * from {{ ref("int_movies_checked") }}
),

known_movies as (
    select movie_id
    from movies
    where broken_rule is null
),

final as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        ratings.rated_epoch,
        ratings.rated_at,
        ratings.source_file,
        ratings.line_number,
        case
            when ratings.broken_rule is not null then ratings.broken_rule
            when known_movies.movie_id is null then 'unknown_movie'
        end as broken_rule
    from ratings
    left join known_movies
        on ratings.movie_id = known_movies.movie_id
)

select * from final
