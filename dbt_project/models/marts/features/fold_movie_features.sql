with movies as (
    select * from {{ ref("dim_movies") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

sums as (
    select * from {{ ref("int_fold_movie_sums") }}
),

means as (
    select * from {{ ref("fold_means") }}
),

genre_counts as (
    select
        movie_id,
        count(*) as genre_count
    from movie_genres
    where genre != 'None'
    group by movie_id
),

others as (
    select
        means.protocol,
        means.held_out_fold,
        means.mean_rating as mean_of_all,
        sums.movie_id,
        cast(sum(sums.rating_count) as bigint) as rating_count,
        sum(sums.rating_sum) as rating_sum,
        sum(sums.squared_rating_sum) as squared_rating_sum,
        sum(sums.half_star_count) as half_star_count
    from sums
    inner join means
        on
            sums.protocol = means.protocol
            and sums.fold != means.held_out_fold
    group by means.protocol, means.held_out_fold, means.mean_rating, sums.movie_id
),

rated as (
    select
        protocol,
        held_out_fold,
        movie_id,
        rating_count,
        (rating_sum - rating_count * mean_of_all)
        / (rating_count + {{ var("movie_bias_shrinkage") }}) as movie_bias,
        sqrt(
            greatest(squared_rating_sum - rating_sum * rating_sum / rating_count, 0)
            / nullif(rating_count - 1, 0)
        ) as std_rating,
        100.0 * half_star_count / rating_count as half_star_pct,
        -- The ratings of movies with more ratings, and half of those of movies with as many.
        100.0 * (
            sum(rating_count) over (partition by protocol, held_out_fold order by rating_count desc)
            - 0.5 * sum(rating_count) over (partition by protocol, held_out_fold, rating_count)
        ) / sum(rating_count) over (partition by protocol, held_out_fold) as obscurity_pct
    from others
),

final as (
    select
        means.protocol,
        means.held_out_fold,
        movies.movie_id,
        movies.release_year,
        coalesce(genre_counts.genre_count, 0) as genre_count,
        coalesce(rated.rating_count, 0) as rating_count,
        coalesce(rated.movie_bias, 0) as movie_bias,
        rated.std_rating,
        rated.half_star_pct,
        coalesce(rated.obscurity_pct, 100) as obscurity_pct
    from means
    cross join movies
    left join genre_counts
        on movies.movie_id = genre_counts.movie_id
    left join rated
        on
            means.protocol = rated.protocol
            and means.held_out_fold = rated.held_out_fold
            and movies.movie_id = rated.movie_id
)

select * from final
order by protocol, held_out_fold, movie_id
