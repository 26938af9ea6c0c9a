with rating_counts as (
    select * from {{ ref("int_rating_counts") }}
    where year is not null
),

user_years as (
    select * from {{ ref("int_user_years") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

genre_bits as (
    select distinct
        genre,
        part,
        bit
    from {{ ref("int_genre_bits") }}
),

movie_years as (
    select
        movie_id,
        year,
        sum(rating_count) as rating_count,
        sum(rating_count * rating) as rating_sum
    from rating_counts
    group by movie_id, year
),

ratings as (
    select
        'all' as scope,
        year,
        cast(sum(rating_count) as bigint) as rating_count,
        sum(rating_sum) as rating_sum
    from movie_years
    group by year
    union all
    select
        movie_genres.genre as scope,
        movie_years.year,
        cast(sum(movie_years.rating_count) as bigint) as rating_count,
        sum(movie_years.rating_sum) as rating_sum
    from movie_years
    inner join movie_genres
        on movie_years.movie_id = movie_genres.movie_id
    group by movie_genres.genre, movie_years.year
),

users as (
    select
        'all' as scope,
        year,
        count(distinct user_id) as user_count
    from user_years
    group by year
    union all
    select
        genre_bits.genre as scope,
        user_years.year,
        count(*) as user_count
    from user_years
    inner join genre_bits
        on user_years.part = genre_bits.part
    where (user_years.genre_set & genre_bits.bit) != 0
    group by genre_bits.genre, user_years.year
),

final as (
    select
        ratings.scope,
        cast(ratings.year as bigint) as year,
        ratings.rating_count,
        users.user_count,
        100 * {{ safe_divide(
            "ratings.rating_count",
            "max(case when ratings.scope = 'all' then ratings.rating_count end)"
            " over (partition by ratings.year)"
        ) }} as rating_pct,
        {{ safe_divide("ratings.rating_sum", "ratings.rating_count") }} as mean_rating
    from ratings
    inner join users
        on
            ratings.scope = users.scope
            and ratings.year = users.year
)

select * from final
order by scope, year
