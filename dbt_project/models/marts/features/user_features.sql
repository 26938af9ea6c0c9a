with users as (
    select * from {{ ref("dim_users") }}
),

splits as (
    select * from {{ ref("rating_splits") }}
),

movies as (
    select * from {{ ref("fold_movie_features") }}
    where protocol = 'random' and held_out_fold = 0
),

movie_genres as (
    select
        {%- for genre in affinity_genres() %}
            cast({{ genre }} as double) as {{ genre }},
        {%- endfor %}
        movie_id
    from {{ ref("movie_genre_flags") }}
),

biases as (
    select * from {{ ref("fold_user_features") }}
),

training as (
    select
        splits.user_id,
        splits.movie_id,
        splits.rating,
        splits.rated_at,
        movies.release_year,
        movies.obscurity_pct
    from splits
    inner join movies
        on splits.movie_id = movies.movie_id
    where splits.random_split = 'train'
),

means as (
    select sum(release_year * rating_count) / cast(sum(rating_count) as double) as mean_release_year
    from movies
    where release_year is not null
),

with_movie as (
    select
        training.user_id,
        training.rating,
        training.rated_at,
        cast(training.rated_at as date) as rated_on,
        training.release_year,
        case when training.release_year < means.mean_release_year then 1 else 0 end as is_old,
        case when training.release_year >= means.mean_release_year then 1 else 0 end as is_new,
        {%- for genre in affinity_genres() %}
            coalesce(movie_genres.{{ genre }}, 0) as {{ genre }},
        {%- endfor %}
        training.obscurity_pct
    from training
    cross join means
    left join movie_genres
        on training.movie_id = movie_genres.movie_id
),

totals as (
    select
        user_id,
        count(*) as rating_count,
        avg(rating) as mean_rating,
        stddev_samp(rating) as std_rating,
        100.0 * avg({{ is_half_star("rating") }}) as half_star_pct,
        {{ days_between("min(rated_on)", "max(rated_on)") }} as span_days,
        count(distinct rated_on) as active_days,
        avg(release_year) as mean_release_year,
        sum(is_old) as old_count,
        sum(is_old * rating) as old_sum,
        sum(is_new) as new_count,
        sum(is_new * rating) as new_sum,
        {%- for genre in affinity_genres() %}
            sum({{ genre }}) as {{ genre }}_count,
            sum({{ genre }} * rating) as {{ genre }}_sum,
        {%- endfor %}
        avg(obscurity_pct) as mean_obscurity_pct
    from with_movie
    group by user_id
),

final as (
    select
        users.user_id,
        coalesce(totals.rating_count, 0) as rating_count,
        totals.mean_rating,
        totals.std_rating,
        totals.half_star_pct,
        totals.mean_release_year,
        coalesce(biases.user_bias, 0) as user_bias,
        cast(totals.span_days as bigint) as span_days,
        coalesce(totals.active_days, 0) as active_days,
        {{ safe_divide("totals.rating_count", "totals.active_days") }} as ratings_per_active_day,
        coalesce(
            {{ affinity("totals.old_sum", "totals.old_count", "totals.mean_rating") }}
            - {{ affinity("totals.new_sum", "totals.new_count", "totals.mean_rating") }},
            0
        ) as old_affinity,
        {%- for genre in affinity_genres() %}
            {%- set count = "totals." ~ genre ~ "_count" %}
            coalesce(
                {{ affinity("totals." ~ genre ~ "_sum", count, "totals.mean_rating") }}, 0
            ) as {{ genre }}_affinity,
            100.0 * {{ safe_divide(count, "totals.rating_count") }} as {{ genre }}_pct,
        {%- endfor %}
        totals.mean_obscurity_pct
    from users
    left join totals
        on users.user_id = totals.user_id
    left join biases
        on
            users.user_id = biases.user_id
            and biases.protocol = 'random'
            and biases.held_out_fold = 0
)

select * from final
order by user_id
