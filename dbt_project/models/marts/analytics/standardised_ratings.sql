{{ config(materialized=published_view()) }}

-- z = (x - mean) / standard deviation of the population.
with ratings as (
    select * from {{ ref("fct_ratings") }}
),

scales as (
    select
        max(case when column_name = 'user_id' then mean end) as user_id_mean,
        max(case when column_name = 'user_id' then std end) as user_id_std,
        max(case when column_name = 'movie_id' then mean end) as movie_id_mean,
        max(case when column_name = 'movie_id' then std end) as movie_id_std,
        max(case when column_name = 'rating' then mean end) as rating_mean,
        max(case when column_name = 'rating' then std end) as rating_std
    from {{ ref("int_scales") }}
),

final as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating,
        {{ standardised("ratings.user_id", "scales.user_id_mean", "scales.user_id_std") }} as user_id_z,
        {{ standardised("ratings.movie_id", "scales.movie_id_mean", "scales.movie_id_std") }} as movie_id_z,
        {{ standardised("ratings.rating", "scales.rating_mean", "scales.rating_std") }} as rating_z
    from ratings
    cross join scales
)

select * from final
