with content as (
    select
        movies.movie_id,
        cast(movies.release_year as double) as release_year,
        cast(coalesce(sum(genre_bits.bit), 0) as bigint) as genre_set
    from {{ ref("dim_movies") }} as movies
    left join {{ ref("int_genre_bits") }} as genre_bits
        on
            movies.movie_id = genre_bits.movie_id
            and genre_bits.part = 0
            and genre_bits.genre != 'None'
    group by movies.movie_id, movies.release_year
),

means as (
    select distinct
        protocol,
        held_out_fold,
        mean_rating
    from {{ ref("int_seen_movies") }}
),

final as (
    select
        ratings.protocol,
        ratings.held_out_fold,
        ratings.user_id,
        ratings.movie_id,
        ratings.rated_epoch,
        ratings.rating,
        ratings.rating - means.mean_rating
        - coalesce(movies.movie_bias, 0) - coalesce(users.user_bias, 0) as residual,
        means.mean_rating,
        coalesce(movies.movie_bias, 0) as movie_bias,
        coalesce(users.user_bias, 0) as user_bias,
        coalesce(movies.rating_count, 0) as movie_rating_count,
        coalesce(users.rating_count, 0) as user_rating_count,
        content.release_year,
        content.genre_set
    from {{ ref("int_seen_ratings") }} as ratings
    inner join means
        on
            ratings.protocol = means.protocol
            and ratings.held_out_fold = means.held_out_fold
    inner join content
        on ratings.movie_id = content.movie_id
    left join {{ ref("int_seen_movies") }} as movies
        on
            ratings.protocol = movies.protocol
            and ratings.held_out_fold = movies.held_out_fold
            and ratings.movie_id = movies.movie_id
    left join {{ ref("int_seen_users") }} as users
        on
            ratings.protocol = users.protocol
            and ratings.held_out_fold = users.held_out_fold
            and ratings.user_id = users.user_id
)

select * from final
