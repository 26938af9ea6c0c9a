select
    user_id,
    count(*) as rating_count,
    avg(rating) as mean_rating,
    min(rated_at) as first_rated_at,
    max(rated_at) as last_rated_at
from {{ ref("fct_ratings") }}
group by user_id
order by user_id
