-- The sums of single folds add up to those of all folds but one: the ratings are read once for all
-- protocols.
{{ config(materialized="table") }}

with sums as (
    select
        fold,
        {%- for protocol in protocols() + ["serving"] %}
            count(case when {{ protocol }}_split = 'train' then 1 end) as {{ protocol }}_count,
            sum(case when {{ protocol }}_split = 'train' then rating end) as {{ protocol }}_sum,
            sum(case when {{ protocol }}_split = 'train' then rating * rating end) as {{ protocol }}_squares,
            sum(
                case when {{ protocol }}_split = 'train' then {{ is_half_star("rating") }} end
            ) as {{ protocol }}_half_stars,
        {%- endfor %}
        movie_id
    from {{ ref("rating_splits") }}
    group by fold, movie_id
),

final as (
    {%- for protocol in protocols() + ["serving"] %}
        select
            '{{ protocol }}' as protocol,
            fold,
            movie_id,
            {{ protocol }}_count as rating_count,
            {{ protocol }}_sum as rating_sum,
            {{ protocol }}_squares as squared_rating_sum,
            {{ protocol }}_half_stars as half_star_count
        from sums
        where {{ protocol }}_count > 0
        {{ "union all" if not loop.last }}
    {%- endfor %}
)

select * from final
