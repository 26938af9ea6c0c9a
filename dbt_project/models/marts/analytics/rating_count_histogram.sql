{%- set bin_count = 50 -%}

-- Equally wide bins with whole numbers as bounds, from the scope's fewest ratings to its most.
with movie_ratings as (
    select * from {{ ref("int_movie_ratings") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

scoped as (
    select
        'all' as scope,
        rating_count
    from movie_ratings
    union all
    select
        movie_genres.genre as scope,
        movie_ratings.rating_count
    from movie_ratings
    inner join movie_genres
        on movie_ratings.movie_id = movie_genres.movie_id
),

scopes as (
    select
        scope,
        count(*) as movie_count,
        min(rating_count) as first_lower,
        cast(ceil((max(rating_count) - min(rating_count) + 1) / {{ bin_count }}.0) as bigint) as bin_width
    from scoped
    group by scope
),

bins as (
    select
        scopes.scope,
        series.number as bin,
        scopes.first_lower + series.number * scopes.bin_width as lower_bound,
        scopes.first_lower + (series.number + 1) * scopes.bin_width as upper_bound,
        scopes.movie_count as scope_movie_count,
        scopes.bin_width
    from scopes
    cross join {{ number_series(bin_count) }} as series
),

counted as (
    select
        bins.scope,
        bins.bin,
        bins.lower_bound,
        bins.upper_bound,
        bins.scope_movie_count,
        bins.bin_width,
        count(scoped.rating_count) as movie_count
    from bins
    left join scoped
        on
            bins.scope = scoped.scope
            and bins.lower_bound <= scoped.rating_count
            and bins.upper_bound > scoped.rating_count
    group by
        bins.scope,
        bins.bin,
        bins.lower_bound,
        bins.upper_bound,
        bins.scope_movie_count,
        bins.bin_width
),

final as (
    select
        scope,
        cast(bin as bigint) as bin,
        cast(lower_bound as bigint) as lower_bound,
        cast(upper_bound as bigint) as upper_bound,
        movie_count,
        {{ safe_divide("movie_count", "scope_movie_count * bin_width") }} as density
    from counted
)

select * from final
order by scope, bin
