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
-- One row, in which each of these columns counts
having count(*) > least({% for column in columns + not_null if column not in nullable %}count({{ column }}), {% endfor %}1)

{% endtest %}
