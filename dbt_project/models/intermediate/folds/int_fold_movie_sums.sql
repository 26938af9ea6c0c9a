-- The sums of single folds add up to those of all folds but one: the ratings are read once for all
-- protocols.
{{ config(materialized="table") }}

with sums as (
    select
        fold,
        movie_id,
        {%- for protocol in protocols() + ["serving"] %}
            {%- set trains = "case when " ~ protocol ~ "_split = 'train' then " %}
            sum({{ trains }} 1 else 0 end) as {{ protocol }}_count,
            sum({{ trains }} rating end) as {{ protocol }}_sum,
            sum({{ trains }} rating * rating end) as {{ protocol }}_squares,
            sum({{ trains }} {{ is_half_star("rating") }} end) as {{ protocol }}_half_stars
            {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref("rating_splits") }}
    group by fold, movie_id
),

final as (
    {%- for protocol in protocols() + ["serving"] %}
        select
            '{{ protocol }}' as protocol,
            fold,
            movie_id,
            cast({{ protocol }}_count as bigint) as rating_count,
            {{ protocol }}_sum as rating_sum,
            {{ protocol }}_squares as squared_rating_sum,
            {{ protocol }}_half_stars as half_star_count
        from sums
        where {{ protocol }}_count > 0
        {{ "union all" if not loop.last }}
    {%- endfor %}
)

select * from final
