{% for metric in metrics() -%}
    select
        '{{ metric.name }}' as metric,
        '{{ metric.kind }}' as kind,
        {{ "'" ~ metric.better ~ "'" if metric.better else "null" }} as better,
        cast({{ metric.get("lower_limit", "null") }} as double) as lower_limit,
        cast({{ metric.get("upper_limit", "null") }} as double) as upper_limit,
        '{{ metric.description }}' as description
    {{ "union all" if not loop.last }}
{% endfor %}
