-- No step holds the seen ratings: as a step they would be made for all protocols where one is asked for.
with means as (
    select
        protocol,
        held_out_fold,
        avg(rating) as mean_rating
    from {{ ref("int_seen_ratings") }}
    group by protocol, held_out_fold
),

final as (
    select
        ratings.protocol,
        ratings.held_out_fold,
        ratings.movie_id,
        means.mean_rating,
        count(*) as rating_count,
        sum(ratings.rating - means.mean_rating) / (count(*) + {{ var("movie_bias_shrinkage") }}) as movie_bias
    from {{ ref("int_seen_ratings") }} as ratings
    inner join means
        on
            ratings.protocol = means.protocol
            and ratings.held_out_fold = means.held_out_fold
    where ratings.rating is not null
    group by ratings.protocol, ratings.held_out_fold, ratings.movie_id, means.mean_rating
)

select * from final
