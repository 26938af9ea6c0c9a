with ratings as (
    select * from {{ ref("fct_ratings") }}
),

final as (
    select
        user_id,
        count(*) as rating_count,
        avg(rating) as mean_rating,
        min(rated_at) as first_rated_at,
        max(rated_at) as last_rated_at
    from ratings
    group by user_id
)

select * from final
order by user_id
