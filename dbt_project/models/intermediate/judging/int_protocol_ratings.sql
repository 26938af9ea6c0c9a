{% for protocol in protocols() -%}
    select
        '{{ protocol }}' as protocol,
        user_id,
        movie_id,
        rating,
        {{ protocol }}_split as split
    from {{ ref("rating_splits") }}
    where {{ protocol }}_split is not null
    {{ "union all" if not loop.last }}
{% endfor %}
