{#-
    Passes where the model is empty, or has `length` rows for every user, ranked 1 to `length`
    without gaps. A user with fewer rated movies left to see may have a list of just these.
-#}
{% test complete_lists(model, length) %}

with lists as (
    select
        user_id,
        count(*) as row_count,
        count(distinct rank) as rank_count,
        min(rank) as first_rank,
        max(rank) as last_rank
    from {{ model }}
    group by user_id
),

dataset as (
    select rated_movie_count
    from {{ ref("dataset_summary") }}
    where exists (select 1 from lists)
)

select
    users.user_id,
    lists.row_count,
    lists.last_rank
from {{ ref("dim_users") }} as users
cross join dataset
left join lists
    on users.user_id = lists.user_id
where
    coalesce(lists.row_count, 0) not between
    least({{ length }}, dataset.rated_movie_count - users.rating_count) and {{ length }}
    or lists.first_rank != 1
    or lists.last_rank != lists.row_count
    or lists.rank_count != lists.row_count

{% endtest %}
