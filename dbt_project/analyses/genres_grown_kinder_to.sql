-- Which genres have users grown kinder to?
--
-- Ratings are cut in two halves by time. In each half a user who gave a genre at least five
-- ratings has a surplus: how many stars above the user's own mean these ratings lie. Each user
-- counts once, so nobody's thousand ratings outvote the rest; of more than 10,000 users, so many
-- are drawn.
--
-- How to read it: a `change` of 0.1 says that the genre now gets a tenth of a star more, beside
-- what the same users give to everything else. A change within `change_margin` (95%) may be
-- chance; of twenty genres one will seem to move by luck. Needs timestamps.
with users as (
    {{ drawn_users() }}
),

ratings as (
    select
        ratings.user_id,
        ratings.movie_id,
        ratings.rating - users.mean_rating as surplus,
        ratings.rated_at
    from {{ ref("fct_ratings") }} as ratings
    inner join users
        on ratings.user_id = users.user_id
    where ratings.rated_at is not null
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

midpoint as (
    select {{ last_share_from("rated_at", 0.5) }} as later_from
    from ratings
),

user_surpluses as (
    select
        movie_genres.genre,
        ratings.rated_at >= midpoint.later_from as is_later,
        ratings.user_id,
        avg(ratings.surplus) as surplus
    from ratings
    inner join movie_genres
        on ratings.movie_id = movie_genres.movie_id
    cross join midpoint
    where movie_genres.genre != 'None'
    group by movie_genres.genre, ratings.rated_at >= midpoint.later_from, ratings.user_id
    having count(*) >= 5
),

halves as (
    select
        genre,
        is_later,
        count(*) as user_count,
        avg(surplus) as surplus,
        stddev_samp(surplus) / sqrt(count(*)) as standard_error
    from user_surpluses
    group by genre, is_later
    having count(*) >= 30
),

final as (
    select
        earlier.genre,
        earlier.user_count as earlier_user_count,
        later.user_count as later_user_count,
        earlier.surplus as earlier_surplus,
        later.surplus as later_surplus,
        later.surplus - earlier.surplus as change,
        1.96 * sqrt(power(earlier.standard_error, 2) + power(later.standard_error, 2)) as change_margin
    from halves as earlier
    inner join halves as later
        on earlier.genre = later.genre
    where
        not earlier.is_later
        and later.is_later
)

select * from final
order by change desc
