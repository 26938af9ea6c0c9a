-- depends_on: {{ ref("int_refused_counts") }}
with movies as (
    select * from {{ ref("int_movies_checked") }}
),

links as (
    select * from {{ ref("int_links_checked") }}
),

accepted_links as (
    select
        movie_id,
        imdb_id,
        tmdb_id
    from links
    where broken_rule is null
),

final as (
    select
        movies.movie_id,
        movies.title,
        movies.release_year,
        coalesce(movies.genres, 'None') as genres,
        accepted_links.imdb_id,
        accepted_links.tmdb_id
    from movies
    left join accepted_links
        on movies.movie_id = accepted_links.movie_id
    where movies.broken_rule is null
)

select * from final
order by movie_id
