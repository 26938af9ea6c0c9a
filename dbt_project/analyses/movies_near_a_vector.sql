-- Which movies are something like Heat and Ronin, but nothing like Alien?
--
-- The vectors of some titles are added up, each times its weight; the weight of what is not wanted
-- is negative. The movies whose vectors point most nearly in the direction of the sum come first.
-- Put other titles and weights in `examples`; or put any vector of the same length in `target`,
-- such as a user's from `predictions.user_vectors`.
--
-- How to read it: `similarity` is a cosine, 1 for the same direction. Movies with fewer than
-- twenty ratings are left out, as little is known of where they lie. Before `make train`
-- there are no vectors and no answer.
with vectors as (
    select * from {{ ref("movie_vectors") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

scores as (
    select * from {{ ref("movie_scores") }}
),

examples as (
    select
        'Heat (1995)' as title,
        1.0 as weight
    union all
    select
        'Ronin (1998)' as title,
        1.0 as weight
    union all
    select
        'Alien (1979)' as title,
        -1.0 as weight
),

named as (
    select
        vectors.movie_id,
        vectors.embedding,
        examples.weight
    from examples
    inner join movies
        on examples.title = movies.title
    inner join vectors
        on movies.movie_id = vectors.movie_id
),

target as (
    select {{ weighted_vector_sum("embedding", "weight") }} as embedding
    from named
),

final as (
    select
        vectors.movie_id,
        movies.title,
        movies.genres,
        scores.rating_count,
        scores.mean_rating,
        {{ cosine_similarity("vectors.embedding", "target.embedding") }} as similarity
    from vectors
    cross join target
    inner join movies
        on vectors.movie_id = movies.movie_id
    inner join scores
        on vectors.movie_id = scores.movie_id
    left join named
        on vectors.movie_id = named.movie_id
    where named.movie_id is null
)

select * from final
where similarity is not null
order by similarity desc, movie_id asc
limit 20
