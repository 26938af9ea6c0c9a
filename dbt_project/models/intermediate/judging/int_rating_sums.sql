{{ config(materialized="table") }}

with predictions as (
    select * from {{ ref("int_judged_predictions") }}
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

measured as (
    select
        predictions.protocol,
        predictions.model,
        predictions.user_id,
        predictions.movie_id,
        test_users.block,
        predictions.rating,
        predictions.error,
        predictions.interval_width,
        predictions.is_covered
    from predictions
    inner join test_users
        on
            predictions.protocol = test_users.protocol
            and predictions.user_id = test_users.user_id
),

-- A user's rows are summed before the join with the user's slices, so that fewer rows are joined.
user_sums as (
    select
        protocol,
        model,
        user_id,
        block,
        {{ sums_of_rows("ratings") }}
    from measured
    group by protocol, model, user_id, block
),

final as (
    select
        measured.protocol,
        movie_slices.slice,
        measured.model,
        measured.block,
        {{ sums_of_rows("ratings") }}
    from measured
    inner join movie_slices
        on
            measured.protocol = movie_slices.protocol
            and measured.movie_id = movie_slices.movie_id
    group by measured.protocol, movie_slices.slice, measured.model, measured.block
    union all
    select
        user_sums.protocol,
        user_slices.slice,
        user_sums.model,
        user_sums.block,
        {{ sums_of_sums("ratings") }}
    from user_sums
    inner join user_slices
        on
            user_sums.protocol = user_slices.protocol
            and user_sums.user_id = user_slices.user_id
    group by user_sums.protocol, user_slices.slice, user_sums.model, user_sums.block
)

select * from final
