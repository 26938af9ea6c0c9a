with tags as (
    select * from {{ ref("stg_tags") }}
),

movies as (
    select * from {{ ref("int_movies_checked") }}
),

with_rules as (
    select
        tags.user_id,
        tags.movie_id,
        tags.tag,
        tags.tagged_epoch,
        tags.tagged_at,
        tags.source_file,
        tags.line_number,
        case
            when tags.broken_rule is not null then tags.broken_rule
            when movies.movie_id is null then 'unknown_movie'
        end as broken_rule
    from tags
    left join movies
        on
            tags.movie_id = movies.movie_id
            and movies.broken_rule is null
),

final as (
    select
        user_id,
        movie_id,
        tag,
        tagged_epoch,
        tagged_at,
        source_file,
        line_number,
        broken_rule,
        row_number() over (
            partition by user_id, movie_id, tag, broken_rule
            order by tagged_at asc, {{ line_order() }}
        ) as occurrence
    from with_rules
)

select * from final
