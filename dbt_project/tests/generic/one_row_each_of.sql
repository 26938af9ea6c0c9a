{#-
    Passes where the relation has one row for each row of another one, whose grain is tested: as many
    rows, and the same sums of ids. Where a model only adds columns to another relation, this finds
    rows that a join lost or doubled, without counting the rows of each id.
-#}
{% test one_row_each_of(model, relation, columns) %}

with summed as (
    select
        count(*) as row_count,
        sum({{ columns | join("), sum(") }})
    from {{ model }}
    union all
    select
        count(*) as row_count,
        sum({{ columns | join("), sum(") }})
    from {{ relation }}
),

compared as (
    select distinct *
    from summed
)

select *
from compared
where (select count(*) from compared) > 1

{% endtest %}
