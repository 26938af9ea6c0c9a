with splits as (
    select * from {{ ref("rating_splits") }}
),

counts as (
    select
        movie_id,
        count(*) as rating_count
    from splits
    where random_split = 'train'
    group by movie_id
),

-- Of movies with as many ratings as this one, half count as better known.
better_known as (
    select
        movie_id,
        sum(rating_count) over (order by rating_count desc)
        - 0.5 * sum(rating_count) over (partition by rating_count) as rating_count,
        sum(rating_count) over () as all_count
    from counts
),

final as (
    select
        movie_id,
        100 * {{ safe_divide("rating_count", "all_count") }} as obscurity_pct
    from better_known
)

select * from final
