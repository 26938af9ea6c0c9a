select
    movie_id,
    cast(extract(year from rated_at) as bigint) as year,
    count(*) as rating_count,
    avg(rating) as mean_rating
from {{ ref("fct_ratings") }}
where rated_at is not null
group by movie_id, extract(year from rated_at)
