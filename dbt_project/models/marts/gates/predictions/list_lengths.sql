with lists as (
    select * from {{ ref("int_served_lists") }}
),

users as (
    select * from {{ ref("dim_users") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

list_makers as (
    select distinct model
    from lists
),

lengths as (
    select
        model,
        user_id,
        count(*) as movie_count
    from lists
    group by model, user_id
)

select
    list_makers.model,
    coalesce(lengths.movie_count, 0) as movie_count,
    count(*) as user_count,
    min(users.user_id) as first_user_id
from users
cross join dataset
cross join list_makers
left join lengths
    on
        list_makers.model = lengths.model
        and users.user_id = lengths.user_id
where dataset.rated_movie_count - users.rating_count >= {{ var("list_length") }}
group by list_makers.model, coalesce(lengths.movie_count, 0)
