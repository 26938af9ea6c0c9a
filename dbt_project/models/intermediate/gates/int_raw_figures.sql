{{ config(materialized="table") }}

with ratings as (
    select * from {{ ref("stg_ratings") }}
),

movies as (
    select * from {{ ref("stg_movies") }}
),

tags as (
    select * from {{ ref("stg_tags") }}
),

links as (
    select * from {{ ref("stg_links") }}
),

table_sizes as (
    {%- for table in ["ratings", "movies", "tags", "links"] %}
        select
            'raw.{{ table }}' as subject,
            count(*) as row_count
        from {{ table }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
),

exploded as (
    select
        title,
        {{ split_to_rows("coalesce(genres, '(no genres listed)')", "|") }} as genre
    from movies
),

genres as (
    select
        genre,
        count(*) as movie_count,
        min(title) as example
    from exploded
    group by genre
),

-- Months of 30 days, so that times of any year have one
months as (
    select
        floor(rated_epoch / 2592000) as month,
        count(*) as rating_count,
        avg(rating) as mean_rating,
        sum(rating * rating) as square_sum
    from ratings
    where {{ is_finite("rating") }}
    group by floor(rated_epoch / 2592000)
),

history as (
    select
        sum(rating_count) as rating_count,
        sum(rating_count * mean_rating) / sum(rating_count) as mean_rating,
        sum(rating_count * mean_rating * mean_rating) / sum(rating_count) as square_of_months,
        sum(square_sum) / sum(rating_count) as square_of_ratings
    from months
    having count(*) > 0
)

select
    'raw_rows' as figure,
    subject,
    cast(row_count as double) as value,
    cast(row_count as bigint) as basis_count,
    cast(null as string) as example
from table_sizes
union all
select
    'raw_genre_movies' as figure,
    genre as subject,
    cast(movie_count as double) as value,
    (select count(*) from movies) as basis_count,
    example
from genres
union all
select
    'raw_mean_rating' as figure,
    'raw.ratings' as subject,
    mean_rating as value,
    cast(rating_count as bigint) as basis_count,
    null as example
from history
union all
-- Where there is no time, or one month, a tenth of the ratings' own deviation
select
    'raw_monthly_deviation' as figure,
    'raw.ratings' as subject,
    greatest(
        sqrt(greatest(square_of_months - mean_rating * mean_rating, 0)),
        sqrt(greatest(square_of_ratings - mean_rating * mean_rating, 0)) / 10,
        0.001
    ) as value,
    cast(rating_count as bigint) as basis_count,
    null as example
from history
