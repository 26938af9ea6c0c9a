{{ config(materialized=published_view()) }}

select
    user_id,
    movie_id,
    fold
from {{ ref("rating_splits") }}
