{#-
    Passes where the ranks of each list are 1 to at most `length`, without gaps, and every user has a
    list of that length, where a training on the data as they are now made the lists. A user with
    fewer rated movies left to see may have a list of just these.
-#}
{% test complete_lists(model, length) %}

with lists as (
    select
        user_id,
        max(run_id) as run_id,
        count(*) as row_count,
        count(distinct rank) as rank_count,
        min(rank) as first_rank,
        max(rank) as last_rank
    from {{ model }}
    group by user_id
),

-- None, where the lists are older than the data.
dataset as (
    select
        data_fingerprint,
        rated_movie_count
    from {{ ref("dataset_summary") }}
    where data_fingerprint = (
        select max(runs.data_fingerprint)
        from {{ source("ml", "runs") }} as runs
        where runs.run_id = (select max(run_id) from lists)
    )
),

with_gaps as (
    select
        user_id,
        row_count
    from lists
    where
        first_rank != 1
        or last_rank != row_count
        or rank_count != row_count
        or row_count > {{ length }}
),

too_short as (
    select
        users.user_id,
        coalesce(lists.row_count, 0) as row_count
    from {{ ref("dim_users") }} as users
    cross join dataset
    left join lists
        on users.user_id = lists.user_id
    where coalesce(lists.row_count, 0) < least({{ length }}, dataset.rated_movie_count - users.rating_count)
)

select * from with_gaps
union all
select * from too_short

{% endtest %}
