-- Which decades hold up?
--
-- The movies of each decade of release, judged by the weighted score, which asks for enough
-- ratings. Decades with fewer than twenty such movies are left out.
--
-- How to read it: `mean_score` is the decade's typical movie among those still watched, and
-- `top_tenth_pct` the share of them in the best tenth of all scored movies (10 is what chance gives).
-- Mind `scored_pct`: people rate only those old movies that they still choose to watch, so an old
-- decade seems better than it was.
with movies as (
    select * from {{ ref("dim_movies") }}
),

scores as (
    select * from {{ ref("movie_scores") }}
),

ranked as (
    select
        movie_id,
        rating_count,
        weighted_score,
        percent_rank() over (order by score_rank) as rank_share
    from scores
),

by_decade as (
    select
        cast(floor(movies.release_year / 10.0) * 10 as integer) as decade,
        count(*) as movie_count,
        count(ranked.movie_id) as scored_count,
        sum(ranked.rating_count) as rating_count,
        avg(ranked.weighted_score) as mean_score,
        stddev_samp(ranked.weighted_score) as std_score,
        100.0 * sum(case when ranked.rank_share < 0.1 then 1 else 0 end) as top_tenth_sum
    from movies
    left join ranked
        on movies.movie_id = ranked.movie_id
    where movies.release_year is not null
    group by cast(floor(movies.release_year / 10.0) * 10 as integer)
),

final as (
    select
        decade,
        movie_count,
        scored_count,
        100 * {{ safe_divide("scored_count", "movie_count") }} as scored_pct,
        cast(rating_count as bigint) as rating_count,
        mean_score,
        1.96 * std_score / sqrt(scored_count) as mean_score_margin,
        {{ safe_divide("top_tenth_sum", "scored_count") }} as top_tenth_pct
    from by_decade
    where scored_count >= 20
)

select * from final
order by decade
