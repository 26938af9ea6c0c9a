select
    movie_id,
    row_number() over (order by movie_id) - 1 as movie_code
from {{ ref("int_movie_ratings") }}
order by movie_code
