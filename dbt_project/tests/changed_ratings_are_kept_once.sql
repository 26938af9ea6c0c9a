{{ config(group="reelhouse") }}

-- A build of all ratings keeps one row of each user and movie by the way it is made. One of changes
-- deletes rows and inserts others: of these, too, no user and movie may have two.
select
    ratings.user_id,
    ratings.movie_id,
    count(*) as row_count
from {{ ref("fct_ratings") }} as ratings
inner join {{ ref("stg_changed_ratings") }} as changed
    on
        ratings.user_id = changed.user_id
        and ratings.movie_id = changed.movie_id
group by ratings.user_id, ratings.movie_id
having count(*) > 1
