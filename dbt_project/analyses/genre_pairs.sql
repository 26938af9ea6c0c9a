-- Which genres go together, and do people like the mixture?
--
-- Every two genres that at least twenty movies share and that have at least five hundred ratings.
--
-- How to read it: `lift` is how many times as often the two meet as if genres were dealt out by
-- chance: above 1 they attract each other, below 1 they avoid each other. `blend_surplus` is how
-- many stars the ratings of the mixture lie above the midpoint of the two genres' own means.
with movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

genres as (
    select * from {{ ref("genre_counts") }}
),

rated as (
    select * from {{ ref("most_rated_movies") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

pairs as (
    select
        one.genre as genre_one,
        two.genre as genre_two,
        count(*) as movie_count,
        sum(rated.rating_count) as rating_count,
        sum(rated.rating_count * rated.mean_rating) as rating_sum
    from movie_genres as one
    inner join movie_genres as two
        on
            one.movie_id = two.movie_id
            and one.genre < two.genre
    left join rated
        on one.movie_id = rated.movie_id
    group by one.genre, two.genre
    having
        count(*) >= 20
        and sum(rated.rating_count) >= 500
),

final as (
    select
        pairs.genre_one,
        pairs.genre_two,
        pairs.movie_count,
        cast(pairs.rating_count as bigint) as rating_count,
        {{ safe_divide(
            "pairs.movie_count * dataset.movie_count", "one.movie_count * two.movie_count"
        ) }} as lift,
        {{ safe_divide("pairs.rating_sum", "pairs.rating_count") }} as mean_rating,
        {{ safe_divide("pairs.rating_sum", "pairs.rating_count") }}
        - (one.mean_rating + two.mean_rating) / 2 as blend_surplus
    from pairs
    inner join genres as one
        on pairs.genre_one = one.genre
    inner join genres as two
        on pairs.genre_two = two.genre
    cross join dataset
)

select * from final
order by lift desc, genre_one asc, genre_two asc
