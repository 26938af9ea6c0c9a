{{ config(materialized="table") }}

with ratings as (
    select
        user_id,
        movie_id,
        extract(year from rated_at) as year
    from {{ ref("fct_ratings") }}
    where rated_at is not null
),

movie_genres as (
    select
        movie_id,
        part,
        cast(sum(bit) as bigint) as genre_set
    from {{ ref("int_genre_bits") }}
    group by movie_id, part
),

final as (
    select
        ratings.user_id,
        ratings.year,
        coalesce(movie_genres.part, 0) as part,
        coalesce(bit_or(movie_genres.genre_set), 0) as genre_set
    from ratings
    left join movie_genres
        on ratings.movie_id = movie_genres.movie_id
    group by ratings.user_id, ratings.year, coalesce(movie_genres.part, 0)
)

select * from final
