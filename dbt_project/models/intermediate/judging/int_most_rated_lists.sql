-- Of the movies in the order of popularity a user is shown the first 20 that the user has not
-- rated. So that no list of all others is needed: the n-th of them stands n places down, and one
-- further for each rated movie that has fewer than n unrated ones before it.
{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

movies as (
    select * from {{ ref("int_movie_popularity") }}
),

test_users as (
    select distinct
        protocol,
        user_id
    from ratings
    where split = 'test'
),

known as (
    select
        ratings.protocol,
        ratings.user_id,
        movies.popularity_rank
        - row_number() over (
            partition by ratings.protocol, ratings.user_id
            order by movies.popularity_rank
        ) as unrated_before
    from ratings
    inner join movies
        on
            ratings.protocol = movies.protocol
            and ratings.movie_id = movies.movie_id
    where ratings.split != 'test'
),

known_counts as (
    select
        protocol,
        user_id,
        unrated_before,
        count(*) as known_count
    from known
    where unrated_before < 20
    group by protocol, user_id, unrated_before
),

places as (
    select
        test_users.protocol,
        test_users.user_id,
        numbers.number + 1 as rank
    from test_users
    cross join {{ number_series(20) }} as numbers
),

shifted as (
    select
        places.protocol,
        places.user_id,
        places.rank,
        places.rank + sum(coalesce(known_counts.known_count, 0)) over (
            partition by places.protocol, places.user_id
            order by places.rank
        ) as popularity_rank
    from places
    left join known_counts
        on
            places.protocol = known_counts.protocol
            and places.user_id = known_counts.user_id
            and places.rank = known_counts.unrated_before + 1
),

final as (
    select
        shifted.protocol,
        shifted.user_id,
        shifted.rank,
        movies.movie_id
    from shifted
    inner join movies
        on
            shifted.protocol = movies.protocol
            and shifted.popularity_rank = movies.popularity_rank
    where movies.known_count > 0
)

select * from final
