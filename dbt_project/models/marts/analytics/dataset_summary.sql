{%- set row_variables = [
    "rating_min", "rating_max", "rating_step", "earliest_rated_at", "duplicate_policy", "split_seed",
] -%}
{%- set settings = [] -%}
{%- for name in row_variables -%}
    {%- do settings.append(name ~ "=" ~ var(name)) -%}
{%- endfor -%}

with ratings as (
    select * from {{ ref("fct_ratings") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

users as (
    select * from {{ ref("dim_users") }}
),

movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
),

loads as (
    select * from {{ source("raw", "loads") }}
),

-- A digest of the files and of each variable that decides which rows they become.
fingerprint as (
    select
        md5(
            coalesce({{ join_sorted("table_name || ':' || sha256 || ':' || line_count", ",") }}, '')
            || '|{{ settings | join("|") }}'
        ) as data_fingerprint
    from loads
),

rated_movies as (
    select
        count(*) as rated_movie_count,
        count(distinct movies.genres) as genre_combination_count
    from movie_ratings
    inner join movies
        on movie_ratings.movie_id = movies.movie_id
),

totals as (
    select
        count(*) as rating_count,
        avg(rating) as mean_rating,
        min(rated_at) as first_rated_at,
        max(rated_at) as last_rated_at
    from ratings
),

final as (
    select
        totals.rating_count,
        (select count(*) from users) as user_count,
        (select count(*) from movies) as movie_count,
        rated_movies.rated_movie_count,
        rated_movies.genre_combination_count,
        totals.mean_rating,
        totals.first_rated_at,
        totals.last_rated_at,
        cast({{ var("rating_min") }} as double) as scale_min,
        cast({{ var("rating_max") }} as double) as scale_max,
        cast({{ var("rating_step") }} as double) as scale_step,
        cast({{ var("weighted_score_m") }} as double) as weighted_score_m,
        fingerprint.data_fingerprint
    from totals
    cross join rated_movies
    cross join fingerprint
)

select * from final
