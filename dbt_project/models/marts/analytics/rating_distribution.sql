with counted as (
    select
        rating,
        cast(sum(rating_count) as bigint) as rating_count
    from {{ ref("int_rating_counts") }}
    group by rating
),

final as (
    select
        rating,
        rating_count,
        100 * {{ safe_divide("rating_count", "sum(rating_count) over ()") }} as rating_pct
    from counted
)

select * from final
order by rating
