{%- set shares = split_shares() -%}
{%- set kept = 1 - shares.test -%}
{%- set train = 1 - shares.validation -%}

with ratings as (
    select * from {{ ref("fct_ratings") }}
),

sizes as (
    select * from {{ ref("int_split_sizes") }}
),

-- The times at which the last fifth and the last tenth of the ratings begin.
cut_times as (
    select
        {{ last_share_from("rated_at", 0.2) }} as validation_from,
        {{ last_share_from("rated_at", 0.1) }} as test_from
    from ratings
    where rated_at is not null
),

-- A hash of the ids draws the random protocol and the folds, so that neither row order nor the
-- number of threads matters.
hashed as (
    select
        user_id,
        movie_id,
        rating,
        rated_at,
        md5(user_id || ':' || movie_id || ':{{ var("split_seed") }}') as hash
    from ratings
),

numbered as (
    select
        user_id,
        movie_id,
        rating,
        rated_at,
        row_number() over (order by substr(hash, 1, 12), user_id, movie_id) as random_position,
        row_number() over (
            partition by user_id
            order by rated_at, movie_id
        ) as user_position,
        count(*) over (partition by user_id) as user_rating_count,
        count(rated_at) over (partition by user_id) as user_timed_count,
        -- By digits that the order above does not read: their 16^4 values in equal parts.
        case
            {%- for fold in folds()[:-1] %}
                {%- set end = "%04x" % (65536 * fold / folds() | length) | int %}
                when substr(hash, 13, 4) < '{{ end }}' then {{ fold }}
            {%- endfor %}
            else {{ folds()[-1] }}
        end as fold
    from hashed
),

-- Of a user's n ratings the first are kept, rounded down. The last of these validate.
with_kept as (
    select
        user_id,
        movie_id,
        rating,
        rated_at,
        random_position,
        user_position,
        fold,
        user_rating_count = user_timed_count as has_times,
        cast(floor(user_rating_count * {{ kept }}) as bigint) as user_kept_count
    from numbered
),

divided as (
    select
        with_kept.user_id,
        with_kept.movie_id,
        with_kept.rating,
        with_kept.rated_at,
        case
            when with_kept.random_position <= sizes.test_count then 'test'
            when with_kept.random_position <= sizes.test_count + sizes.validation_count then 'validation'
            else 'train'
        end as random_split,
        case
            when with_kept.rated_at >= cut_times.test_from then 'test'
            when with_kept.rated_at >= cut_times.validation_from then 'validation'
            when with_kept.rated_at < cut_times.validation_from then 'train'
        end as temporal_split,
        case
            when not with_kept.has_times then null
            when with_kept.user_position > with_kept.user_kept_count then 'test'
            when with_kept.user_position > floor(with_kept.user_kept_count * {{ train }}) then 'validation'
            else 'train'
        end as last_split,
        with_kept.fold
    from with_kept
    cross join sizes
    cross join cut_times
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
