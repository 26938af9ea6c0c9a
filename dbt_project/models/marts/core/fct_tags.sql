-- depends_on: {{ ref("int_refused_counts") }}
select
    user_id,
    movie_id,
    tag,
    tagged_at
from {{ ref("int_tags_checked") }}
where
    broken_rule is null
    and occurrence = 1
