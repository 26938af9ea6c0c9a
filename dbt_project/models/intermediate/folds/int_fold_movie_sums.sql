-- The sums of single folds add up to those of all folds but one, so that the rows are read once.
{{ config(materialized="table") }}

select
    protocol,
    fold,
    movie_id,
    count(*) as rating_count,
    sum(rating) as rating_sum,
    sum(rating * rating) as squared_rating_sum,
    sum({{ is_half_star("rating") }}) as half_star_count
from {{ ref("int_fold_ratings") }}
group by protocol, fold, movie_id
