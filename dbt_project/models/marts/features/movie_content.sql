with movies as (
    select * from {{ ref("dim_movies") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

tags as (
    select * from {{ ref("fct_tags") }}
),

genre_features as (
    select
        movie_id,
        'genre: ' || genre as feature
    from movie_genres
    where genre != 'None'
),

decade_features as (
    select
        movie_id,
        'decade: ' || cast(floor(release_year / 10.0) * 10 as bigint) as feature
    from movies
    where release_year is not null
),

-- Tags that differ in letter case and outer spaces alone are the same tag.
tagged as (
    select distinct
        movie_id,
        lower({{ trimmed("tag") }}) as tag
    from tags
),

shared_tags as (
    select tag
    from tagged
    group by tag
    having count(*) >= {{ var("content_tag_movies") }}
),

tag_features as (
    select
        tagged.movie_id,
        'tag: ' || tagged.tag as feature
    from tagged
    inner join shared_tags
        on tagged.tag = shared_tags.tag
),

final as (
    select * from genre_features
    union all
    select * from decade_features
    union all
    select * from tag_features
)

select * from final
order by movie_id, feature
