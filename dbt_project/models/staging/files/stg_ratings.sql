with source as (
    select * from {{ source("raw", "ratings") }}
),

load_time as (
    select max(loaded_at) as loaded_at
    from {{ source("raw", "loads") }}
),

renamed as (
    select
        source.userId as user_id,
        source.movieId as movie_id,
        source.rating,
        source.timestamp as rated_epoch,
        {{ epoch_to_timestamp("source.timestamp") }} as rated_at,
        source.source_file,
        source.line_number,
        load_time.loaded_at
    from source
    cross join load_time
),

final as (
    select
        user_id,
        movie_id,
        rating,
        rated_epoch,
        rated_at,
        source_file,
        line_number,
        case
            when user_id is null then 'missing_user_id'
            when movie_id is null then 'missing_movie_id'
            when rating is null then 'missing_rating'
            when user_id <= 0 then 'non_positive_user_id'
            when movie_id <= 0 then 'non_positive_movie_id'
            when rating < {{ var("rating_min") }} or rating > {{ var("rating_max") }} then 'rating_off_scale'
            when {{ between_steps("rating") }} then 'rating_between_steps'
            {{ time_rules("rated_epoch", "rated_at") }}
        end as broken_rule
    from renamed
)

select * from final
