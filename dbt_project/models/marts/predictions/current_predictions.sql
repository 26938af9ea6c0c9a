{{ config(materialized=published_view()) }}

with ratings as (
    select * from {{ ref("fct_ratings") }}
),

users as (
    select * from {{ ref("user_vectors") }}
),

movies as (
    select * from {{ ref("movie_vectors") }}
),

final as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        {{ predicted_rating("users", "movies") }} as prediction
    from ratings
    inner join users
        on ratings.user_id = users.user_id
    inner join movies
        on ratings.movie_id = movies.movie_id
)

select * from final
