-- depends_on: {{ ref("int_refused_counts") }}
with tags as (
    select * from {{ ref("int_tags_checked") }}
),

final as (
    select
        user_id,
        movie_id,
        tag,
        tagged_at
    from tags
    where
        broken_rule is null
        and occurrence = 1
)

select * from final
