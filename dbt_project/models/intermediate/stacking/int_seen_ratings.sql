{% for protocol in protocols() -%}
    {{ seen_ratings(protocol) }}
    {{ "union all" if not loop.last }}
{% endfor %}
