with movies as (
    select * from {{ ref("dim_movies") }}
),

splits as (
    select * from {{ ref("rating_splits") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

biases as (
    select * from {{ ref("int_movie_biases") }}
),

training as (
    select
        movie_id,
        count(*) as rating_count,
        avg(rating) as mean_rating,
        stddev_samp(rating) as std_rating,
        100.0 * avg({{ is_half_star("rating") }}) as half_star_pct
    from splits
    where random_split = 'train'
    group by movie_id
),

genre_counts as (
    select
        movie_id,
        count(*) as genre_count
    from movie_genres
    where genre != 'None'
    group by movie_id
),

final as (
    select
        movies.movie_id,
        movies.release_year,
        coalesce(genre_counts.genre_count, 0) as genre_count,
        coalesce(training.rating_count, 0) as rating_count,
        training.mean_rating,
        training.std_rating,
        training.half_star_pct,
        coalesce(biases.movie_bias, 0) as movie_bias
    from movies
    left join training
        on movies.movie_id = training.movie_id
    left join genre_counts
        on movies.movie_id = genre_counts.movie_id
    left join biases
        on
            movies.movie_id = biases.movie_id
            and biases.protocol = 'random'
)

select * from final
order by movie_id
