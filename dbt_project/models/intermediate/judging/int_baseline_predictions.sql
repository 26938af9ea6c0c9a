with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
    where split = 'test'
),

means as (
    select * from {{ ref("fold_means") }}
    where held_out_fold = 0
),

movie_biases as (
    select * from {{ ref("fold_movie_features") }}
    where held_out_fold = 0
),

user_biases as (
    select * from {{ ref("fold_user_features") }}
    where held_out_fold = 0
),

test_ratings as (
    select
        ratings.protocol,
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        means.mean_rating,
        coalesce(movie_biases.movie_bias, 0) as movie_bias,
        coalesce(user_biases.user_bias, 0) as user_bias
    from ratings
    inner join means
        on ratings.protocol = means.protocol
    left join movie_biases
        on
            ratings.protocol = movie_biases.protocol
            and ratings.movie_id = movie_biases.movie_id
    left join user_biases
        on
            ratings.protocol = user_biases.protocol
            and ratings.user_id = user_biases.user_id
),

final as (
    select
        'global_mean' as model,
        protocol,
        user_id,
        movie_id,
        rating,
        mean_rating as prediction
    from test_ratings
    union all
    select
        'user_movie_biases' as model,
        protocol,
        user_id,
        movie_id,
        rating,
        {{ clip_to_scale("mean_rating + movie_bias + user_bias") }} as prediction
    from test_ratings
)

select * from final
