with similarities as (
    select * from {{ ref("int_movie_similarities") }}
),

limits as (
    select * from {{ ref("int_similarity_limits") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

numbered as (
    select
        similarities.run_id,
        similarities.movie_id,
        similarities.similar_movie_id,
        similarities.similarity,
        row_number() over (
            partition by similarities.movie_id
            order by similarities.similarity desc, similarities.similar_movie_id asc
        ) as place
    from similarities
    inner join limits
        on
            similarities.movie_id = limits.movie_id
            and similarities.similarity >= limits.similarity
),

final as (
    select
        numbered.run_id,
        numbered.movie_id,
        movies.title,
        numbered.place as rank,
        numbered.similar_movie_id,
        similar_movies.title as similar_title,
        numbered.similarity
    from numbered
    inner join movies
        on numbered.movie_id = movies.movie_id
    inner join movies as similar_movies
        on numbered.similar_movie_id = similar_movies.movie_id
    where numbered.place <= 20
)

select * from final
order by movie_id, rank
