with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

movies as (
    select * from {{ ref("int_movie_popularity") }}
),

final as (
    select
        ratings.protocol,
        ratings.user_id,
        ratings.movie_id
    from ratings
    inner join movies
        on
            ratings.protocol = movies.protocol
            and ratings.movie_id = movies.movie_id
    where
        ratings.split = 'test'
        and ratings.rating >= {{ var("relevant_from") }}
        and movies.known_count > 0
)

select * from final
