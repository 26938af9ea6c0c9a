-- Which well-known movies divide people most?
--
-- Well-known: among the tenth of the movies with the most ratings, and at least fifty. Ratings
-- are counted from each user's own mean, so that a movie does not seem divisive only because
-- both mild and strict users rated it.
--
-- How to read it: `std_surplus` is how far, in stars, two users' opinions typically lie from the
-- movie's mean. `above_pct` and `below_pct` are the shares of users who put the movie at least
-- one star above or below their own mean: where both are large, the movie splits its audience.
with ratings as (
    select * from {{ ref("fct_ratings") }}
),

users as (
    select * from {{ ref("dim_users") }}
),

popular as (
    select * from {{ ref("most_rated_movies") }}
),

surpluses as (
    select
        ratings.movie_id,
        ratings.rating - users.mean_rating as surplus
    from ratings
    inner join users
        on ratings.user_id = users.user_id
),

spreads as (
    select
        movie_id,
        stddev_samp(surplus) as std_surplus,
        100.0 * avg(case when surplus >= 1 then 1 else 0 end) as above_pct,
        100.0 * avg(case when surplus <= -1 then 1 else 0 end) as below_pct
    from surpluses
    group by movie_id
),

well_known as (
    select
        movie_id,
        title,
        rating_count,
        mean_rating,
        percent_rank() over (order by rating_count) as popularity
    from popular
),

final as (
    select
        well_known.movie_id,
        well_known.title,
        well_known.rating_count,
        well_known.mean_rating,
        spreads.std_surplus,
        spreads.above_pct,
        spreads.below_pct
    from well_known
    inner join spreads
        on well_known.movie_id = spreads.movie_id
    where
        well_known.popularity >= 0.9
        and well_known.rating_count >= 50
)

select * from final
order by std_surplus desc, movie_id asc
limit 20
