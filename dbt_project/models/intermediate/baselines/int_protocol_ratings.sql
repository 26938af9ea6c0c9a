with splits as (
    select * from {{ ref("rating_splits") }}
),

final as (
    select
        'random' as protocol,
        user_id,
        movie_id,
        rating,
        random_split as split
    from splits
    union all
    select
        'temporal' as protocol,
        user_id,
        movie_id,
        rating,
        temporal_split as split
    from splits
    where temporal_split is not null
    union all
    select
        'last' as protocol,
        user_id,
        movie_id,
        rating,
        last_split as split
    from splits
    where last_split is not null
)

select * from final
