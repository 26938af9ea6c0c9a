with movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

-- Stars above the mean, summed over the ratings: it counts that there are many, and that they are
-- good.
appeal as (
    select
        movie_ratings.movie_id,
        movie_ratings.rating_count,
        movie_ratings.mean_rating,
        round(movie_ratings.rating_sum - movie_ratings.rating_count * dataset.mean_rating, 6)
            as stars_above_mean
    from movie_ratings
    cross join dataset
),

within_genres as (
    select
        appeal.movie_id,
        movie_genres.genre,
        case when movie_genres.genre = 'None' then 1 else 0 end as is_without_genre,
        row_number() over (
            partition by movie_genres.genre
            order by appeal.stars_above_mean desc, appeal.movie_id asc
        ) as genre_rank
    from appeal
    inner join movie_genres
        on appeal.movie_id = movie_genres.movie_id
),

turns as (
    select
        movie_id,
        genre,
        is_without_genre,
        genre_rank,
        min(genre_rank) over (partition by movie_id) as turn
    from within_genres
),

-- A movie's turn is its best rank in a genre. The genres in which it has that rank are the reason.
with_reasons as (
    select
        movie_id,
        is_without_genre,
        turn,
        {{ join_sorted("genre", ", ") }} as best_genres
    from turns
    where genre_rank = turn
    group by movie_id, is_without_genre, turn
),

numbered as (
    select
        with_reasons.movie_id,
        with_reasons.is_without_genre,
        with_reasons.best_genres,
        appeal.rating_count,
        appeal.mean_rating,
        row_number() over (
            order by
                with_reasons.is_without_genre asc,
                with_reasons.turn asc,
                appeal.stars_above_mean desc,
                with_reasons.movie_id asc
        ) as rank
    from with_reasons
    inner join appeal
        on with_reasons.movie_id = appeal.movie_id
),

final as (
    select
        numbered.rank,
        numbered.movie_id,
        movies.title,
        movies.genres,
        case
            when numbered.is_without_genre = 1 then 'popular'
            else 'popular in ' || numbered.best_genres
        end
        || ': ' || {{ rated_by("numbered.rating_count", "numbered.mean_rating") }} as reason
    from numbered
    inner join movies
        on numbered.movie_id = movies.movie_id
    where numbered.rank <= {{ var("list_length") }}
)

select * from final
order by rank
