with rated_movies as (
    select * from {{ ref("int_movie_ratings") }}
),

final as (
    select
        movie_id,
        row_number() over (order by movie_id) - 1 as movie_code
    from rated_movies
)

select * from final
order by movie_code
