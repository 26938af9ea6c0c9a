{#- Passes where no two rows agree in all of the columns: the grain that the model's .yml states. -#}
{% test unique_grain(model, columns) %}

select
    {{ columns | join(", ") }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1

{% endtest %}
