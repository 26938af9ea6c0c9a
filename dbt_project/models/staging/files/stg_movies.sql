with renamed as (
    select
        movieId as movie_id,
        nullif({{ trimmed("title") }}, '') as title,
        nullif({{ trimmed("genres") }}, '') as listed_genres,
        source_file,
        line_number
    from {{ source("raw", "movies") }}
),

final as (
    select
        movie_id,
        title,
        cast({{ regex_group("title", "\\(([0-9]{4})([^0-9()][^()]*)?\\)$") }} as integer) as release_year,
        case
            when lower(listed_genres) in ('(no genres listed)', 'none', 'unknown') then null
            when {{ trimmed("replace(listed_genres, '|', ' ')") }} = '' then null
            -- MovieLens 100K and 1M write `Children's`, later releases `Children`.
            else replace(listed_genres, 'Children''s', 'Children')
        end as genres,
        source_file,
        line_number,
        case
            when movie_id is null then 'missing_movie_id'
            when movie_id <= 0 then 'non_positive_movie_id'
        end as broken_rule
    from renamed
)

select * from final
