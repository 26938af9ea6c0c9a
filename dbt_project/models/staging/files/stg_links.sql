with source as (
    select * from {{ source("raw", "links") }}
),

renamed as (
    select
        movieId as movie_id,
        nullif(trim(imdbId), '') as imdb_id,
        nullif(trim(tmdbId), '') as tmdb_id,
        source_file,
        line_number
    from source
),

final as (
    select
        movie_id,
        imdb_id,
        tmdb_id,
        source_file,
        line_number,
        case
            when movie_id is null then 'missing_movie_id'
            when movie_id <= 0 then 'non_positive_movie_id'
        end as broken_rule
    from renamed
)

select * from final
