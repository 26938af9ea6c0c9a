{#- Passes where no row agrees with a row of another relation in all of the columns. -#}
{% test absent_from(model, relation, columns) %}

select *
from {{ model }} as present
where exists (
    select 1
    from {{ relation }} as other
    where
        {% for column in columns -%}
        {{ "and " if not loop.first }}present.{{ column }} = other.{{ column }}
        {% endfor %}
)

{% endtest %}
