{#-
    Passes where none of the columns is null in any row. For relations without a contract: in a
    table with one, a constraint says it cheaper.
-#}
{% test no_nulls(model, columns) %}

select {{ columns | join(", ") }}
from {{ model }}
where {% for column in columns %}{{ column }} is null{{ " or " if not loop.last }}{% endfor %}

{% endtest %}
