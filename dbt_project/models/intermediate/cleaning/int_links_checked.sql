with links as (
    select * from {{ ref("stg_links") }}
),

movies as (
    select * from {{ ref("int_movies_checked") }}
),

numbered as (
    select
        links.movie_id,
        links.imdb_id,
        links.tmdb_id,
        links.source_file,
        links.line_number,
        links.broken_rule,
        movies.movie_id is not null as is_known_movie,
        row_number() over (
            partition by links.movie_id, links.broken_rule
            order by {{ line_order("links") }}, links.imdb_id asc, links.tmdb_id asc
        ) as occurrence
    from links
    left join movies
        on
            links.movie_id = movies.movie_id
            and movies.broken_rule is null
),

final as (
    select
        movie_id,
        imdb_id,
        tmdb_id,
        source_file,
        line_number,
        case
            when broken_rule is not null then broken_rule
            when not is_known_movie then 'unknown_movie'
            when occurrence > 1 then 'duplicate_movie_id'
        end as broken_rule
    from numbered
)

select * from final
