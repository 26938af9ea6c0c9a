select
    user_id,
    movie_id,
    count(*) as rating_count,
    max(case when is_kept then rating end) as kept_rating,
    min(rating) as lowest_rating,
    max(rating) as highest_rating
from {{ ref("rating_history") }}
group by user_id, movie_id
order by user_id, movie_id
