{%- for protocol in protocols() + ["serving"] %}
    select
        '{{ protocol }}' as protocol,
        user_id,
        movie_id,
        rating,
        fold
    from {{ ref("rating_splits") }}
    where {{ protocol }}_split = 'train'
    {{ "union all" if not loop.last }}
{%- endfor %}
