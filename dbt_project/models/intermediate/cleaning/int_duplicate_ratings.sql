{{ config(materialized="table") }}

-- depends_on: {{ ref("int_refused_counts") }}
with ratings as (
    select * from {{ ref("int_ratings_checked") }}
),

rated_again as (
    select
        user_id,
        movie_id,
        count(*) as rating_count
    from ratings
    where broken_rule is null
    group by user_id, movie_id
    having count(*) > 1
),

final as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        ratings.rated_at,
        ratings.line_number,
        rated_again.rating_count,
        row_number() over (
            partition by ratings.user_id, ratings.movie_id
            order by {{ duplicate_order() }}
        ) as row_number
    from ratings
    inner join rated_again
        on
            ratings.user_id = rated_again.user_id
            and ratings.movie_id = rated_again.movie_id
    where ratings.broken_rule is null
)

select * from final
