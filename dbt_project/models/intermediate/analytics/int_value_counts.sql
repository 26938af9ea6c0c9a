select
    'user_id' as column_name,
    cast(user_id as double) as value,
    rating_count as value_count
from {{ ref("dim_users") }}
union all
select
    'movie_id' as column_name,
    cast(movie_id as double) as value,
    rating_count as value_count
from {{ ref("int_movie_ratings") }}
union all
select
    'rating' as column_name,
    rating as value,
    rating_count as value_count
from {{ ref("rating_distribution") }}
