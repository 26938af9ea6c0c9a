{%- set shares = split_shares() -%}
{#- Decimal numbers would be exact too, and slow. -#}
{%- set kept = "cast(" ~ (1 - shares.test) ~ " as double)" -%}
{%- set train = "cast(" ~ (1 - shares.validation) ~ " as double)" -%}

with ratings as (
    select * from {{ ref("fct_ratings") }}
),

cuts as (
    select * from {{ ref("int_split_cuts") }}
),

numbered as (
    select
        user_id,
        movie_id,
        rating,
        rated_at,
        row_number() over (
            partition by user_id
            order by rated_at, movie_id
        ) as user_position,
        count(*) over (partition by user_id) as user_rating_count,
        count(rated_at) over (partition by user_id) as user_timed_count
    from ratings
),

-- A hash of the ids draws the random protocol and the folds, so that neither row order nor the
-- number of threads matters. Of a user's n ratings the first are kept, rounded down; the last of
-- these validate.
hashed as (
    select
        user_id,
        movie_id,
        rating,
        rated_at,
        user_position,
        user_rating_count = user_timed_count as has_times,
        cast(floor(user_rating_count * {{ kept }}) as bigint) as user_kept_count,
        {{ rating_hash("user_id", "movie_id") }} as hash
    from numbered
),

drawn as (
    select
        *,
        {{ rating_draw("hash") }} as draw,
        substr(hash, 13, 4) as fold_digits
    from hashed
),

divided as (
    select
        drawn.user_id,
        drawn.movie_id,
        drawn.rating,
        drawn.rated_at,
        case
            when drawn.draw <= cuts.last_test_draw then 'test'
            when drawn.draw <= cuts.last_validation_draw then 'validation'
            else 'train'
        end as random_split,
        case
            when drawn.rated_at >= cuts.test_from then 'test'
            when drawn.rated_at >= cuts.validation_from then 'validation'
            when drawn.rated_at < cuts.validation_from then 'train'
        end as temporal_split,
        case
            when not drawn.has_times then null
            when drawn.user_position > drawn.user_kept_count then 'test'
            when drawn.user_position > floor(drawn.user_kept_count * {{ train }}) then 'validation'
            else 'train'
        end as last_split,
        -- By digits that the draw does not read: their 16^4 values in equal parts.
        case
            {%- for fold in folds()[:-1] %}
                {%- set end = "%04x" % (65536 * fold / folds() | length) | int %}
                when drawn.fold_digits < '{{ end }}' then {{ fold }}
            {%- endfor %}
            else {{ folds()[-1] }}
        end as fold
    from drawn
    cross join cuts
),

final as (
    select
        user_id,
        movie_id,
        rating,
        rated_at,
        random_split,
        temporal_split,
        last_split,
        -- A serving fit trains on the test rows of random too.
        case when random_split = 'validation' then 'validation' else 'train' end as serving_split,
        fold
    from divided
)

select * from final
