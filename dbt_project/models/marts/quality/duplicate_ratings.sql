select
    user_id,
    movie_id,
    max(rating_count) as rating_count,
    max(case when row_number = 1 then rating end) as kept_rating,
    min(rating) as lowest_rating,
    max(rating) as highest_rating
from {{ ref("int_duplicate_ratings") }}
group by user_id, movie_id
order by user_id, movie_id
