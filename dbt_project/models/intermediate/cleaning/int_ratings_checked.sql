with ratings as (
    select * from {{ ref("stg_ratings") }}
),

movies as (
    select * from {{ ref("int_movies_checked") }}
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
            when movies.movie_id is null then 'unknown_movie'
        end as broken_rule
    from ratings
    left join movies
        on
            ratings.movie_id = movies.movie_id
            and movies.broken_rule is null
)

select * from final
