{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

means as (
    select * from {{ ref("int_training_means") }}
),

final as (
    select
        ratings.protocol,
        ratings.movie_id,
        sum(ratings.rating - means.mean_rating)
        / (count(*) + {{ var("movie_bias_shrinkage") }}) as movie_bias
    from ratings
    inner join means
        on ratings.protocol = means.protocol
    where ratings.split = 'train'
    group by ratings.protocol, ratings.movie_id
)

select * from final
