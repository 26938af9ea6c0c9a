select
    movieId as movie_id,
    nullif({{ trimmed("imdbId") }}, '') as imdb_id,
    nullif({{ trimmed("tmdbId") }}, '') as tmdb_id,
    source_file,
    line_number,
    case
        when movieId is null then 'missing_movie_id'
        when movieId <= 0 then 'non_positive_movie_id'
    end as broken_rule
from {{ source("raw", "links") }}
