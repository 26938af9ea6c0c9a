{{ config(materialized="table") }}

{%- set shares = split_shares() -%}
{%- set before_train = (shares.test + shares.validation * (1 - shares.test)) | round(4) %}

with drawn as (
    select
        rated_at,
        {{ rating_draw(rating_hash("user_id", "movie_id")) }} as draw
    from {{ ref("fct_ratings") }}
),

sizes as (
    select * from {{ ref("int_split_sizes") }}
),

-- No sort: of n draws, the percentile is number ceil(share * n) by size.
percentiles as (
    select
        percentile_disc({{ shares.test }}) within group (order by draw) as test_draw,
        percentile_disc({{ before_train }}) within group (order by draw) as validation_draw,
        {{ last_share_from("rated_at", 0.2) }} as validation_from,
        {{ last_share_from("rated_at", 0.1) }} as test_from
    from drawn
),

-- Sizes are rounded to the nearest number, so that a part can be one draw smaller.
final as (
    select
        case
            when sizes.test_count = ceil({{ shares.test }} * sizes.rating_count)
                then percentiles.test_draw
            else percentiles.test_draw - 1
        end as last_test_draw,
        case
            when sizes.test_count + sizes.validation_count = ceil({{ before_train }} * sizes.rating_count)
                then percentiles.validation_draw
            else percentiles.validation_draw - 1
        end as last_validation_draw,
        percentiles.validation_from,
        percentiles.test_from
    from percentiles
    cross join sizes
)

select * from final
