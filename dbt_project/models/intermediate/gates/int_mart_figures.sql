{{ config(materialized="table") }}

with rating_distribution as (
    select * from {{ ref("rating_distribution") }}
),

users as (
    select * from {{ ref("dim_users") }}
),

movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
),

table_sizes as (
    {%- for table in ["fct_ratings", "fct_tags", "dim_users", "dim_movies", "bridge_movie_genres"] %}
        select
            'core.{{ table }}' as subject,
            count(*) as row_count
        from {{ ref(table) }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
),

totals as (
    select
        count(*) as user_count,
        sum(rating_count) as rating_count
    from users
),

active_users as (
    select
        user_id,
        rating_count,
        row_number() over (order by rating_count desc, user_id asc) as row_number
    from users
),

popular_movies as (
    select
        movie_id,
        rating_count,
        row_number() over (order by rating_count desc, movie_id asc) as row_number,
        count(*) over () as movie_count
    from movie_ratings
),

-- Of so few ratings that most movies have none or one, a tail says nothing
popularity as (
    select
        count(*) as movie_count,
        max(case when row_number = 1 then movie_id end) as first_movie_id,
        sum(case when row_number * 100 <= movie_count then rating_count end) as top_rating_count,
        sum(rating_count) as rating_count
    from popular_movies
    having sum(rating_count) >= 10 * count(*)
)

select
    'core_rows' as figure,
    subject,
    cast(row_count as double) as value,
    cast(row_count as bigint) as basis_count,
    cast(null as string) as example
from table_sizes
union all
select
    'rating_pct' as figure,
    cast(rating as string) as subject,
    rating_pct as value,
    cast(sum(rating_count) over () as bigint) as basis_count,
    null as example
from rating_distribution
union all
select
    'top_user_pct' as figure,
    cast(active_users.user_id as string) as subject,
    100 * {{ safe_divide("active_users.rating_count", "totals.rating_count") }} as value,
    totals.user_count as basis_count,
    null as example
from active_users
cross join totals
where active_users.row_number <= 3
union all
select
    'popular_movies_pct' as figure,
    'core.fct_ratings' as subject,
    100 * {{ safe_divide("top_rating_count", "rating_count") }} as value,
    movie_count as basis_count,
    cast(first_movie_id as string) as example
from popularity
