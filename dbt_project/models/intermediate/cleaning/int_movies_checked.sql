with numbered as (
    select
        movie_id,
        title,
        release_year,
        genres,
        source_file,
        line_number,
        broken_rule,
        row_number() over (
            partition by movie_id, broken_rule
            order by {{ line_order() }}, title asc, genres asc
        ) as occurrence
    from {{ ref("stg_movies") }}
),

final as (
    select
        movie_id,
        title,
        release_year,
        genres,
        source_file,
        line_number,
        case
            when broken_rule is not null then broken_rule
            when occurrence > 1 then 'duplicate_movie_id'
        end as broken_rule
    from numbered
)

select * from final
