with users as (
    select * from {{ ref("dim_users") }}
),

splits as (
    select * from {{ ref("rating_splits") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

biases as (
    select * from {{ ref("int_user_biases") }}
),

training as (
    select
        splits.user_id,
        count(*) as rating_count,
        avg(splits.rating) as mean_rating,
        stddev_samp(splits.rating) as std_rating,
        100.0 * avg(case when splits.rating != floor(splits.rating) then 1 else 0 end) as half_star_pct,
        avg(movies.release_year) as mean_release_year,
        min(splits.rated_at) as first_rated_at,
        max(splits.rated_at) as last_rated_at
    from splits
    inner join movies
        on splits.movie_id = movies.movie_id
    where splits.random_split = 'train'
    group by splits.user_id
),

final as (
    select
        users.user_id,
        coalesce(training.rating_count, 0) as rating_count,
        training.mean_rating,
        training.std_rating,
        training.half_star_pct,
        training.mean_release_year,
        training.first_rated_at,
        training.last_rated_at,
        coalesce(biases.user_bias, 0) as user_bias
    from users
    left join training
        on users.user_id = training.user_id
    left join biases
        on
            users.user_id = biases.user_id
            and biases.protocol = 'random'
)

select * from final
order by user_id
