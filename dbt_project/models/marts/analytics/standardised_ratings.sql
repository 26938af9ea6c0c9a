{{ config(materialized="view") }}

-- z = (x - mean) / population standard deviation; `rating_summary` has the sample's deviation.
with ratings as (
    select * from {{ ref("fct_ratings") }}
),

summary as (
    select * from {{ ref("rating_summary") }}
),

with_population_std as (
    select
        column_name,
        mean,
        std * sqrt(cast(count - 1 as double) / count) as population_std
    from summary
),

scales as (
    select
        max(case when column_name = 'user_id' then mean end) as user_id_mean,
        max(case when column_name = 'user_id' then population_std end) as user_id_std,
        max(case when column_name = 'movie_id' then mean end) as movie_id_mean,
        max(case when column_name = 'movie_id' then population_std end) as movie_id_std,
        max(case when column_name = 'rating' then mean end) as rating_mean,
        max(case when column_name = 'rating' then population_std end) as rating_std
    from with_population_std
),

-- A column of equal values becomes 0, as in scikit-learn's StandardScaler.
final as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        coalesce(
            round((ratings.user_id - scales.user_id_mean) / nullif(scales.user_id_std, 0), 8), 0
        ) as user_id_z,
        coalesce(
            round((ratings.movie_id - scales.movie_id_mean) / nullif(scales.movie_id_std, 0), 8), 0
        ) as movie_id_z,
        coalesce(
            round((ratings.rating - scales.rating_mean) / nullif(scales.rating_std, 0), 8), 0
        ) as rating_z
    from ratings
    cross join scales
)

select * from final
