select distinct
    userId as user_id,
    movieId as movie_id
from {{ source("raw", "changed_ratings") }}
