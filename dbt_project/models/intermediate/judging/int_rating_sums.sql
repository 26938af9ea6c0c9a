{{ config(materialized="table") }}

with model_predictions as (
    select * from {{ ref("int_model_predictions") }}
),

baseline_predictions as (
    select * from {{ ref("int_baseline_predictions") }}
),

user_slices as (
    select * from {{ ref("int_user_slices") }}
),

movie_slices as (
    select * from {{ ref("int_movie_slices") }}
),

blocks as (
    select * from {{ ref("int_user_blocks") }}
),

predictions as (
    select
        model,
        protocol,
        user_id,
        movie_id,
        rating,
        prediction,
        lower_bound,
        upper_bound
    from model_predictions
    union all
    select
        model,
        protocol,
        user_id,
        movie_id,
        rating,
        prediction,
        cast(null as double) as lower_bound,
        cast(null as double) as upper_bound
    from baseline_predictions
),

measured as (
    select
        predictions.protocol,
        predictions.model,
        predictions.user_id,
        predictions.movie_id,
        blocks.block,
        predictions.rating,
        predictions.prediction - predictions.rating as error,
        predictions.upper_bound - predictions.lower_bound as interval_width,
        case
            when predictions.rating between predictions.lower_bound and predictions.upper_bound then 1
            else 0
        end as is_covered
    from predictions
    inner join blocks
        on
            predictions.protocol = blocks.protocol
            and predictions.user_id = blocks.user_id
),

-- A user's rows are summed before they are put into the user's slices: there are fewer.
user_sums as (
    select
        protocol,
        model,
        user_id,
        block,
        {{ sums_of_errors() }}
    from measured
    group by protocol, model, user_id, block
),

user_slice_sums as (
    select
        user_sums.protocol,
        user_slices.slice,
        user_sums.model,
        user_sums.block,
        cast(sum(user_sums.row_count) as bigint) as row_count,
        sum(user_sums.rating) as rating,
        sum(user_sums.squared_rating) as squared_rating,
        sum(user_sums.error) as error,
        sum(user_sums.absolute_error) as absolute_error,
        sum(user_sums.squared_error) as squared_error,
        cast(sum(user_sums.interval_count) as bigint) as interval_count,
        sum(user_sums.interval_width) as interval_width,
        cast(sum(user_sums.covered_count) as bigint) as covered_count
    from user_sums
    inner join user_slices
        on
            user_sums.protocol = user_slices.protocol
            and user_sums.user_id = user_slices.user_id
    group by user_sums.protocol, user_slices.slice, user_sums.model, user_sums.block
),

in_movie_slices as (
    select
        measured.protocol,
        movie_slices.slice,
        measured.model,
        measured.block,
        measured.rating,
        measured.error,
        measured.interval_width,
        measured.is_covered
    from measured
    inner join movie_slices
        on
            measured.protocol = movie_slices.protocol
            and measured.movie_id = movie_slices.movie_id
),

final as (
    select
        protocol,
        slice,
        model,
        block,
        {{ sums_of_errors() }}
    from in_movie_slices
    group by protocol, slice, model, block
    union all
    select
        protocol,
        slice,
        model,
        block,
        row_count,
        rating,
        squared_rating,
        error,
        absolute_error,
        squared_error,
        interval_count,
        interval_width,
        covered_count
    from user_slice_sums
)

select * from final
