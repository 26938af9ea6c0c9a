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

-- The ratings of movies with more ratings, and half of those of movies with as many.
counts as (
    select
        protocol,
        held_out_fold,
        rating_count,
        rating_count * count(*) as sum_of_equals
    from others
    group by protocol, held_out_fold, rating_count
),

obscurities as (
    select
        protocol,
        held_out_fold,
        rating_count,
        100e0 * (
            sum(sum_of_equals) over (partition by protocol, held_out_fold order by rating_count desc)
            - 0.5 * sum_of_equals
        ) / sum(sum_of_equals) over (partition by protocol, held_out_fold) as obscurity_pct
    from counts
),

rated as (
    select
        others.protocol,
        others.held_out_fold,
        others.movie_id,
        others.rating_count,
        (others.rating_sum - others.rating_count * others.mean_of_all)
        / (others.rating_count + {{ var("movie_bias_shrinkage") }}) as movie_bias,
        sqrt(
            greatest(
                others.squared_rating_sum - others.rating_sum * others.rating_sum / others.rating_count, 0
            ) / nullif(others.rating_count - 1, 0)
        ) as std_rating,
        100e0 * others.half_star_count / others.rating_count as half_star_pct,
        obscurities.obscurity_pct
    from others
    inner join obscurities
        on
            others.protocol = obscurities.protocol
            and others.held_out_fold = obscurities.held_out_fold
            and others.rating_count = obscurities.rating_count
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
