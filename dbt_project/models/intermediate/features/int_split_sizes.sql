{%- set shares = split_shares() -%}

with counted as (
    select count(*) as rating_count
    from {{ ref("fct_ratings") }}
),

with_test as (
    select
        rating_count,
        cast(round({{ shares.test }} * rating_count) as bigint) as test_count
    from counted
),

final as (
    select
        rating_count,
        test_count,
        rating_count - test_count as train_count,
        cast(round({{ shares.validation }} * (rating_count - test_count)) as bigint) as validation_count
    from with_test
)

select * from final
