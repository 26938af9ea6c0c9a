select
    ratings.protocol,
    ratings.held_out_fold,
    ratings.user_id,
    count(*) as rating_count,
    sum(ratings.rating - movies.mean_rating - movies.movie_bias)
    / (count(*) + {{ var("user_bias_shrinkage") }}) as user_bias,
    min(ratings.rated_epoch) as first_epoch,
    max(ratings.rated_epoch) as last_epoch
from {{ ref("int_seen_ratings") }} as ratings
inner join {{ ref("int_seen_movies") }} as movies
    on
        ratings.protocol = movies.protocol
        and ratings.held_out_fold = movies.held_out_fold
        and ratings.movie_id = movies.movie_id
where ratings.rating is not null
group by ratings.protocol, ratings.held_out_fold, ratings.user_id
