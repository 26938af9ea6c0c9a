{#-
    Passes where no two rows agree in the columns, of those rows that a build of changes inserted.
    That a build of everything keeps one row of each follows from how the model is made, and to
    count 25 million would take longer than to make them.
-#}
{% test kept_once(model, columns, changes) %}

{%- set names = columns | join(", ") %}

select
    {{ names }},
    count(*) as row_count
from {{ model }}
where ({{ names }}) in (select {{ names }} from {{ changes }})
group by {{ names }}
having count(*) > 1

{% endtest %}
