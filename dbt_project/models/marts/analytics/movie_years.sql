select
    movie_id,
    cast(year as bigint) as year,
    cast(sum(rating_count) as bigint) as rating_count,
    sum(rating_count * rating) / sum(rating_count) as mean_rating
from {{ ref("int_rating_counts") }}
where year is not null
group by movie_id, year
