with counted as (
    select count(*) as rating_count
    from {{ ref("fct_ratings") }}
),

with_test as (
    select
        rating_count,
        cast(round(0.2 * rating_count) as bigint) as test_count
    from counted
),

final as (
    select
        rating_count,
        test_count,
        rating_count - test_count as train_count,
        cast(round(0.1 * (rating_count - test_count)) as bigint) as validation_count
    from with_test
)

select * from final
