-- A view, so that a rating which came after the training takes its movie off the list at once.
{{ config(materialized=published_view()) }}

with recommended as (
    select * from {{ ref("recommended_movies") }}
),

ratings as (
    select * from {{ ref("fct_ratings") }}
),

final as (
    select
        run_id,
        user_id,
        row_number() over (
            partition by user_id
            order by rank
        ) as rank,
        movie_id,
        title,
        genres,
        score,
        reason,
        prediction,
        lower_bound,
        upper_bound
    from recommended
    where not exists (
        select 1
        from ratings
        where
            recommended.user_id = ratings.user_id
            and recommended.movie_id = ratings.movie_id
    )
)

select * from final
