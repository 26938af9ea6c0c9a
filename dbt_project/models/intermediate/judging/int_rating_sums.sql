{{ config(materialized="table") }}

with predictions as (
    select * from {{ ref("int_judged_predictions") }}
),

user_sums as (
    select * from {{ ref("int_user_rating_sums") }}
),

user_slices as (
    select * from {{ ref("int_user_slices") }}
),

movie_slices as (
    select * from {{ ref("int_movie_slices") }}
),

test_users as (
    select * from {{ ref("int_test_users") }}
),

final as (
    select
        predictions.protocol,
        movie_slices.slice,
        predictions.model,
        test_users.block,
        {{ sums_of_rows("ratings") }}
    from predictions
    inner join test_users
        on
            predictions.protocol = test_users.protocol
            and predictions.user_id = test_users.user_id
    -- Each movie has slices; an inner join might be made before the others, by protocol alone.
    left join movie_slices
        on
            predictions.protocol = movie_slices.protocol
            and predictions.movie_id = movie_slices.movie_id
    group by predictions.protocol, movie_slices.slice, predictions.model, test_users.block
    union all
    select
        user_sums.protocol,
        user_slices.slice,
        user_sums.model,
        test_users.block,
        {{ sums_of_sums("ratings") }}
    from user_sums
    inner join test_users
        on
            user_sums.protocol = test_users.protocol
            and user_sums.user_id = test_users.user_id
    inner join user_slices
        on
            user_sums.protocol = user_slices.protocol
            and user_sums.user_id = user_slices.user_id
    group by user_sums.protocol, user_slices.slice, user_sums.model, test_users.block
)

select * from final
