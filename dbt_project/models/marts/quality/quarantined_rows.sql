with ratings as (
    select * from {{ ref("int_ratings_checked") }}
),

movies as (
    select * from {{ ref("int_movies_checked") }}
),

tags as (
    select * from {{ ref("int_tags_checked") }}
),

links as (
    select * from {{ ref("int_links_checked") }}
),

final as (
    select
        'ratings' as table_name,
        source_file,
        line_number,
        broken_rule as rule,
        {{ row_to_json(["user_id", "movie_id", "rating", "rated_epoch"]) }} as row_json
    from ratings
    where broken_rule is not null
    union all
    select
        'movies' as table_name,
        source_file,
        line_number,
        broken_rule as rule,
        {{ row_to_json(["movie_id", "title", "genres"]) }} as row_json
    from movies
    where broken_rule is not null
    union all
    select
        'tags' as table_name,
        source_file,
        line_number,
        broken_rule as rule,
        {{ row_to_json(["user_id", "movie_id", "tag", "tagged_epoch"]) }} as row_json
    from tags
    where broken_rule is not null
    union all
    select
        'links' as table_name,
        source_file,
        line_number,
        broken_rule as rule,
        {{ row_to_json(["movie_id", "imdb_id", "tmdb_id"]) }} as row_json
    from links
    where broken_rule is not null
)

select * from final
order by table_name, source_file, line_number
