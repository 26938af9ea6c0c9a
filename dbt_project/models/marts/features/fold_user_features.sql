with ratings as (
    select * from {{ ref("int_fold_ratings") }}
),

means as (
    select * from {{ ref("fold_means") }}
),

movies as (
    select * from {{ ref("fold_movie_features") }}
),

others as (
    select
        means.protocol,
        means.held_out_fold,
        ratings.user_id,
        ratings.rating,
        ratings.rating - means.mean_rating - movies.movie_bias as residual,
        movies.movie_bias,
        movies.obscurity_pct,
        cast(movies.release_year as double) as release_year
    from ratings
    inner join means
        on
            ratings.protocol = means.protocol
            and ratings.fold != means.held_out_fold
    inner join movies
        on
            means.protocol = movies.protocol
            and means.held_out_fold = movies.held_out_fold
            and ratings.movie_id = movies.movie_id
),

final as (
    select
        protocol,
        held_out_fold,
        user_id,
        count(*) as rating_count,
        avg(rating) as mean_rating,
        sum(residual) / (count(*) + {{ var("user_bias_shrinkage") }}) as user_bias,
        stddev_samp(rating) as std_rating,
        100.0 * avg({{ is_half_star("rating") }}) as half_star_pct,
        avg(release_year) as mean_release_year,
        avg(obscurity_pct) as mean_obscurity_pct,
        {{ shrunken_slope("release_year", "residual", 15) }} as release_year_affinity,
        {{ shrunken_slope("obscurity_pct", "residual", 30) }} as obscurity_affinity,
        {{ shrunken_slope("movie_bias", "residual", 0.5) }} as consensus_affinity
    from others
    group by protocol, held_out_fold, user_id
)

select * from final
order by protocol, held_out_fold, user_id
