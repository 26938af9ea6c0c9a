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

in_slices as (
    select
        measured.protocol,
        user_slices.slice,
        measured.model,
        measured.block,
        measured.rating,
        measured.error,
        measured.interval_width,
        measured.is_covered
    from measured
    inner join user_slices
        on
            measured.protocol = user_slices.protocol
            and measured.user_id = user_slices.user_id
    union all
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
        count(*) as row_count,
        sum(rating) as rating,
        sum(rating * rating) as squared_rating,
        sum(error) as error,
        sum(abs(error)) as absolute_error,
        sum(error * error) as squared_error,
        count(interval_width) as interval_count,
        coalesce(sum(interval_width), 0) as interval_width,
        cast(sum(is_covered) as bigint) as covered_count
    from in_slices
    group by protocol, slice, model, block
)

select * from final
