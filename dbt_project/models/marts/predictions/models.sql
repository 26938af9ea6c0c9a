with trained as (
    select * from {{ source("ml", "models") }}
),

final as (
    select
        model,
        role,
        coalesce(track, 'time-free') as track,
        serving_rank,
        description
    from trained
    union all
    select
        'global_mean' as model,
        'baseline' as role,
        'time-free' as track,
        cast(null as bigint) as serving_rank,
        'The mean of the training ratings, in SQL.' as description
    union all
    select
        'user_movie_biases' as model,
        'baseline' as role,
        'time-free' as track,
        cast(null as bigint) as serving_rank,
        'That mean and the shrunken biases of user and movie, in SQL.' as description
    union all
    select
        'most_rated' as model,
        'baseline' as role,
        'time-free' as track,
        cast(null as bigint) as serving_rank,
        'The movies with the most training ratings, in SQL.' as description
)

select * from final
order by role, serving_rank, model
