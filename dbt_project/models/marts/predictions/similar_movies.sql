with similarities as (
    select * from {{ ref("int_movie_similarities") }}
),

limits as (
    select * from {{ ref("int_similarity_limits") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

ranked as (
    select
        similarities.run_id,
        similarities.movie_id,
        similarities.similar_movie_id,
        similarities.similarity,
        row_number() over (
            partition by similarities.movie_id
            order by similarities.similarity desc, similarities.similar_movie_id asc
        ) as rank
    from similarities
    inner join limits
        on
            similarities.movie_id = limits.movie_id
            and similarities.similarity >= limits.similarity
),

final as (
    select
        ranked.run_id,
        ranked.movie_id,
        movies.title,
        ranked.rank,
        ranked.similar_movie_id,
        similar_movies.title as similar_title,
        ranked.similarity
    from ranked
    inner join movies
        on ranked.movie_id = movies.movie_id
    inner join movies as similar_movies
        on ranked.similar_movie_id = similar_movies.movie_id
    where ranked.rank <= {{ var("list_length") }}
)

select * from final
order by movie_id, rank
