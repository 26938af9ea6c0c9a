with splits as (
    select * from {{ ref("rating_splits") }}
),

final as (
    select
        'random' as protocol,
        user_id,
        movie_id,
        rating,
        fold
    from splits
    where random_split = 'train'
    union all
    select
        'temporal' as protocol,
        user_id,
        movie_id,
        rating,
        fold
    from splits
    where temporal_split = 'train'
    union all
    select
        'last' as protocol,
        user_id,
        movie_id,
        rating,
        fold
    from splits
    where last_split = 'train'
    union all
    select
        'serving' as protocol,
        user_id,
        movie_id,
        rating,
        fold
    from splits
    where serving_split = 'train'
)

select * from final
