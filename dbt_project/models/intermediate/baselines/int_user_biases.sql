{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

means as (
    select * from {{ ref("int_training_means") }}
),

movie_biases as (
    select * from {{ ref("int_movie_biases") }}
),

final as (
    select
        ratings.protocol,
        ratings.user_id,
        sum(ratings.rating - means.mean_rating - movie_biases.movie_bias)
        / (count(*) + {{ var("user_bias_shrinkage") }}) as user_bias
    from ratings
    inner join means
        on ratings.protocol = means.protocol
    inner join movie_biases
        on
            ratings.protocol = movie_biases.protocol
            and ratings.movie_id = movie_biases.movie_id
    where ratings.split = 'train'
    group by ratings.protocol, ratings.user_id
)

select * from final
