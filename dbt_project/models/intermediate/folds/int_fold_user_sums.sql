-- What no held-out fold changes, so that it is summed once for each fold. A step
-- that each branch reads would be held in memory, so the ratings are no step of their own.
with movies as (
    select
        movie_id,
        cast(release_year as double) as release_year
    from {{ ref("dim_movies") }}
),

final as (
    {%- for protocol in protocols() + ["serving"] %}
        select
            '{{ protocol }}' as protocol,
            ratings.fold,
            ratings.user_id,
            count(*) as rating_count,
            sum(ratings.rating) as rating_sum,
            sum(ratings.rating * ratings.rating) as squared_rating_sum,
            sum({{ is_half_star("ratings.rating") }}) as half_star_count,
            count(movies.release_year) as year_count,
            sum(movies.release_year) as year_sum,
            sum(movies.release_year * movies.release_year) as squared_year_sum
        from {{ ref("rating_splits") }} as ratings
        inner join movies
            on ratings.movie_id = movies.movie_id
        where ratings.{{ protocol }}_split = 'train'
        group by ratings.fold, ratings.user_id
        {{ "union all" if not loop.last }}
    {%- endfor %}
)

select * from final
