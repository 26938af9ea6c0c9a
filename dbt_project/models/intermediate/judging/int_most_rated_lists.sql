-- A user is shown the most popular movies that the user has not rated. The n-th of them has the
-- popularity rank n, plus 1 for each rated movie with fewer than n unrated movies before it: no
-- list of all unrated movies is needed.
{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

movies as (
    select * from {{ ref("int_movie_popularity") }}
),

test_users as (
    select * from {{ ref("int_test_users") }}
),

-- A movie can push others down only where its rank is within the list and all that the user rated.
-- Every movie has a rank: an inner join might be made with the users first, by protocol alone.
ranked as (
    select
        ratings.protocol,
        ratings.user_id,
        coalesce(movies.popularity_rank, 0) as popularity_rank,
        {{ var("list_length") }} + test_users.known_count as last_rank
    from ratings
    inner join test_users
        on
            ratings.protocol = test_users.protocol
            and ratings.user_id = test_users.user_id
    left join movies
        on
            ratings.protocol = movies.protocol
            and ratings.movie_id = movies.movie_id
    where ratings.split != 'test'
),

known as (
    select
        protocol,
        user_id,
        popularity_rank
        - row_number() over (
            partition by protocol, user_id
            order by popularity_rank
        ) as unrated_before
    from ranked
    where popularity_rank < last_rank
),

known_counts as (
    select
        protocol,
        user_id,
        unrated_before,
        count(*) as known_count
    from known
    where unrated_before < {{ var("list_length") }}
    group by protocol, user_id, unrated_before
),

ranks as (
    select
        test_users.protocol,
        test_users.user_id,
        numbers.number + 1 as rank
    from test_users
    cross join {{ number_series(var("list_length")) }} as numbers
),

shifted as (
    select
        ranks.protocol,
        ranks.user_id,
        ranks.rank,
        ranks.rank + sum(coalesce(known_counts.known_count, 0)) over (
            partition by ranks.protocol, ranks.user_id
            order by ranks.rank
        ) as popularity_rank
    from ranks
    left join known_counts
        on
            ranks.protocol = known_counts.protocol
            and ranks.user_id = known_counts.user_id
            and ranks.rank = known_counts.unrated_before + 1
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
