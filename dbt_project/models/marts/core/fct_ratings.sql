with ratings as (
    select * from {{ ref("int_ratings_checked") }}
),

duplicates as (
    select * from {{ ref("int_duplicate_ratings") }}
),

rated_again as (
    select
        user_id,
        movie_id,
        rating,
        rated_at
    from duplicates
    where row_number = 1
),

rated_once as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        ratings.rated_at
    from ratings
    left join rated_again
        on
            ratings.user_id = rated_again.user_id
            and ratings.movie_id = rated_again.movie_id
    where
        ratings.broken_rule is null
        and rated_again.user_id is null
),

final as (
    select * from rated_once
    union all
    select * from rated_again
)

select * from final
