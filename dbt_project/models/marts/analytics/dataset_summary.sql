{%- set row_variables = [
    "rating_min", "rating_max", "rating_step", "earliest_rated_at", "duplicate_policy", "split_seed",
] -%}
{%- set settings = [] -%}
{%- for name in row_variables -%}
    {%- do settings.append(name ~ "=" ~ var(name)) -%}
{%- endfor -%}

with movies as (
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

named as (
    select max(dataset) as dataset
    from loads
),

rated_movies as (
    select
        count(*) as rated_movie_count,
        count(distinct movies.genres) as genre_combination_count,
        cast(coalesce(sum(movie_ratings.rating_count), 0) as bigint) as rating_count,
        sum(movie_ratings.rating_sum) / sum(movie_ratings.rating_count) as mean_rating
    from movie_ratings
    inner join movies
        on movie_ratings.movie_id = movies.movie_id
),

rating_users as (
    select
        count(*) as user_count,
        min(first_rated_at) as first_rated_at,
        max(last_rated_at) as last_rated_at
    from users
),

final as (
    select
        rated_movies.rating_count,
        rating_users.user_count,
        (select count(*) from movies) as movie_count,
        rated_movies.rated_movie_count,
        rated_movies.genre_combination_count,
        rated_movies.mean_rating,
        rating_users.first_rated_at,
        rating_users.last_rated_at,
        cast({{ var("rating_min") }} as double) as scale_min,
        cast({{ var("rating_max") }} as double) as scale_max,
        cast({{ var("rating_step") }} as double) as scale_step,
        cast({{ var("weighted_score_m") }} as double) as weighted_score_m,
        named.dataset,
        fingerprint.data_fingerprint
    from rated_movies
    cross join rating_users
    cross join named
    cross join fingerprint
)

select * from final
