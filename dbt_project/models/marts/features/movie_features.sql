with movies as (
    select * from {{ ref("fold_movie_features") }}
),

sums as (
    select * from {{ ref("int_fold_movie_sums") }}
),

means as (
    select
        movie_id,
        sum(rating_sum) / sum(rating_count) as mean_rating
    from sums
    where protocol = 'random'
    group by movie_id
),

final as (
    select
        movies.movie_id,
        movies.release_year,
        movies.genre_count,
        movies.rating_count,
        means.mean_rating,
        movies.std_rating,
        movies.half_star_pct,
        movies.movie_bias
    from movies
    left join means
        on movies.movie_id = means.movie_id
    where
        movies.protocol = 'random'
        and movies.held_out_fold = 0
)

select * from final
order by movie_id
