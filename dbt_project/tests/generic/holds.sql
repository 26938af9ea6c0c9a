{#- Passes where the expression is true of every row; a null is not true. -#}
{% test holds(model, expression, column_name=none) %}

select *
from {{ model }}
where not coalesce({{ expression }}, false)

{% endtest %}
