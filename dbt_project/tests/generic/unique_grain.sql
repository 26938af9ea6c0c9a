{#-
    Passes where the columns tell the rows apart: no two rows agree in all of them, and none of
    them is null but those named as `nullable`. The columns in `not_null` have no null either: they
    are looked at in the same scan.
-#}
{% test unique_grain(model, columns, nullable=[], not_null=[]) %}

select
    {{ columns | join(", ") }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(", ") }}
having
    count(*) > 1
    {%- for column in columns if column not in nullable %}
        or {{ column }} is null
    {%- endfor %}
    {%- for column in not_null %}
        or count({{ column }}) < count(*)
    {%- endfor %}

{% endtest %}
