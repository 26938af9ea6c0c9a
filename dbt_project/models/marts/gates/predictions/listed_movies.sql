with lists as (
    select * from {{ ref("int_served_lists") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

dataset as (
    select * from {{ ref("dataset_summary") }}
),

makers as (
    select
        model,
        count(distinct user_id) as user_count,
        count(distinct movie_id) as movie_count,
        count(movie_id) as rank_count
    from lists
    group by model
),

numbered as (
    select
        model,
        movie_id,
        count(*) as list_count,
        row_number() over (partition by model order by count(*) desc, movie_id asc) as row_number
    from lists
    where movie_id is not null
    group by model, movie_id
)

select
    makers.model,
    makers.user_count,
    makers.movie_count,
    dataset.rated_movie_count,
    100 * {{ safe_divide("makers.movie_count", "least(dataset.rated_movie_count, makers.rank_count)") }}
        as listed_pct,
    numbered.movie_id as top_movie_id,
    movies.title as top_title,
    numbered.list_count as top_list_count,
    100 * {{ safe_divide("numbered.list_count", "makers.user_count") }} as top_pct
from makers
cross join dataset
left join numbered
    on
        makers.model = numbered.model
        and numbered.row_number = 1
left join movies
    on numbered.movie_id = movies.movie_id
