with source as (
    select * from {{ source("raw", "tags") }}
),

load_time as (
    select max(loaded_at) as loaded_at
    from {{ source("raw", "loads") }}
),

renamed as (
    select
        source.userId as user_id,
        source.movieId as movie_id,
        nullif({{ trimmed("source.tag") }}, '') as tag,
        source.timestamp as tagged_epoch,
        {{ epoch_to_timestamp("source.timestamp") }} as tagged_at,
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
        tag,
        tagged_epoch,
        tagged_at,
        source_file,
        line_number,
        case
            when user_id is null then 'missing_user_id'
            when movie_id is null then 'missing_movie_id'
            when tag is null then 'missing_tag'
            when user_id <= 0 then 'non_positive_user_id'
            when movie_id <= 0 then 'non_positive_movie_id'
            {{ time_rules("tagged_epoch", "tagged_at") }}
        end as broken_rule
    from renamed
)

select * from final
