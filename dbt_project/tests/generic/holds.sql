{#-
    Passes where the expression, or each of a list of them, is true of every row; a null is not
    true. All are tested in one scan, and a row that fails says which one it breaks first.
-#}
{% test holds(model, expression, column_name=none) %}

with tested as (
    select
        *,
        case
            {% for each in ([expression] if expression is string else expression) -%}
                when not coalesce({{ each }}, false) then '{{ each | replace("'", "''") }}'
            {% endfor %}
        end as broken_expression
    from {{ model }}
)

select *
from tested
where broken_expression is not null

{% endtest %}
