{{ config(materialized="table") }}

{%- set shares = split_shares() -%}
{%- set before_train = (shares.test + shares.validation * (1 - shares.test)) | round(4) -%}
{%- set parts = [
    ("random", "test", shares.test),
    ("random", "validation", before_train),
    ("temporal", "validation", 0.2),
    ("temporal", "test", 0.1),
] %}

with ratings as (
    select * from {{ ref("fct_ratings") }}
),

sizes as (
    select * from {{ ref("int_split_sizes") }}
),

-- `random` takes the smallest draws, `temporal` the latest times.
numbers as (
    select
        'random' as protocol,
        {{ rating_draw(rating_hash("user_id", "movie_id")) }} as number,
        -- Of 2^48 numbers
        68719476736e0 as bucket_width
    from ratings
    union all
    select
        'temporal' as protocol,
        -1 * {{ epoch_of("rated_at") }} as number,
        86400e0 as bucket_width
    from ratings
    where rated_at is not null
),

in_buckets as (
    select
        protocol,
        number,
        floor(number / bucket_width) as bucket
    from numbers
),

-- No engine has to sort or to hold all numbers: these counts tell in which bucket a rank lies.
bucket_counts as (
    select
        protocol,
        bucket,
        count(*) as row_count
    from in_buckets
    group by protocol, bucket
),

cumulated as (
    select
        protocol,
        bucket,
        row_count,
        sum(row_count) over (partition by protocol order by bucket) - row_count as before_count,
        sum(row_count) over (partition by protocol) as total_count
    from bucket_counts
),

parts as (
    {% for protocol, part, share in parts -%}
        select
            '{{ protocol }}' as protocol,
            '{{ part }}' as part,
            {{ share }} as share
        {{ "union all" if not loop.last }}
    {% endfor %}
),

-- Of n numbers, a share is as many as ceil(share * n).
ranks as (
    select
        parts.protocol,
        parts.part,
        cumulated.bucket,
        ceil(parts.share * cumulated.total_count) - cumulated.before_count as rank
    from parts
    inner join cumulated
        on parts.protocol = cumulated.protocol
    where
        ceil(parts.share * cumulated.total_count) > cumulated.before_count
        and ceil(parts.share * cumulated.total_count) <= cumulated.before_count + cumulated.row_count
),

chosen as (
    select distinct
        protocol,
        bucket
    from ranks
),

ranked as (
    select
        in_buckets.protocol,
        in_buckets.bucket,
        in_buckets.number,
        row_number() over (
            partition by in_buckets.protocol, in_buckets.bucket
            order by in_buckets.number
        ) as rank
    from in_buckets
    inner join chosen
        on
            in_buckets.protocol = chosen.protocol
            and in_buckets.bucket = chosen.bucket
),

cuts as (
    select
    {%- for protocol, part, _ in parts %}
            max(
                case
                    when ranks.protocol = '{{ protocol }}' and ranks.part = '{{ part }}' then ranked.number
                end
            ) as {{ protocol }}_{{ part }}{{ "," if not loop.last }}
    {%- endfor %}
    from ranks
    inner join ranked
        on
            ranks.protocol = ranked.protocol
            and ranks.bucket = ranked.bucket
            and ranks.rank = ranked.rank
),

-- Sizes are rounded to the nearest number, so that a part can be one draw smaller.
final as (
    select
        case
            when sizes.test_count = ceil({{ shares.test }} * sizes.rating_count)
                then cuts.random_test
            else cuts.random_test - 1
        end as last_test_draw,
        case
            when sizes.test_count + sizes.validation_count = ceil({{ before_train }} * sizes.rating_count)
                then cuts.random_validation
            else cuts.random_validation - 1
        end as last_validation_draw,
        {{ epoch_to_timestamp("(-1 * cuts.temporal_validation)") }} as validation_from,
        {{ epoch_to_timestamp("(-1 * cuts.temporal_test)") }} as test_from
    from cuts
    cross join sizes
)

select * from final
