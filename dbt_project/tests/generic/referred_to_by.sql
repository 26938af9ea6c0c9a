{#- Passes where each value that the column has in the other relations stands in this one too. -#}
{% test referred_to_by(model, column_name, relations) %}

with referring as (
    {% for relation in relations -%}
        select distinct
            '{{ relation.identifier }}' as relation_name,
            {{ column_name }}
        from {{ relation }}
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select *
from referring
where not exists (
    select 1
    from {{ model }} as present
    where present.{{ column_name }} = referring.{{ column_name }}
)

{% endtest %}
