-- Bounds of counts are the powers of the fourth root of ten, rounded: 1, 2, 3, 6, 10, 18, 32, 56, 100.
with movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
),

count_bins as (
    select
        round(power(10, series.number / 4.0)) as count_lower,
        round(power(10, (series.number + 1) / 4.0)) as count_upper
    from {{ number_series(40) }} as series
),

binned as (
    select
        count_bins.count_lower,
        count_bins.count_upper,
        {{ half_step_bin("movie_ratings.mean_rating") }} as mean_bin
    from movie_ratings
    inner join count_bins
        on
            movie_ratings.rating_count >= count_bins.count_lower
            and movie_ratings.rating_count < count_bins.count_upper
),

counted as (
    select
        count_lower,
        count_upper,
        mean_bin,
        count(*) as movie_count
    from binned
    group by grouping sets ((count_lower, count_upper, mean_bin), (count_lower, count_upper), (mean_bin))
),

named as (
    select
        case
            when mean_bin is null then 'rating_count'
            when count_lower is null then 'mean_rating'
            else 'joint'
        end as margin,
        count_lower,
        count_upper,
        mean_bin,
        movie_count
    from counted
),

final as (
    select
        margin,
        cast(count_lower as bigint) as count_lower,
        cast(count_upper as bigint) as count_upper,
        {{ half_step_bound("mean_bin") }} as mean_lower,
        {{ half_step_bound("(mean_bin + 1)") }} as mean_upper,
        movie_count,
        100 * {{ safe_divide("movie_count", "sum(movie_count) over (partition by margin)") }} as movie_pct
    from named
)

select * from final
order by margin, count_lower, mean_lower
