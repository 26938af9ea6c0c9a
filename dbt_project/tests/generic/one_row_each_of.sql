{#-
    Passes where the relation has one row for each row of another one, whose grain is tested: as many
    rows, and the same sums of ids. Where a model only adds columns to another relation, this finds
    rows that a join lost or doubled, without counting the rows of each id.
-#}
{% test one_row_each_of(model, relation, columns) %}

with summed as (
    {%- for side in [model, relation] %}
        select
            {%- for column in columns %}
                sum({{ column }}) as {{ column }}_sum,
            {%- endfor %}
            count(*) as row_count
        from {{ side }}
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

compared as (
    select distinct
        {%- for column in columns %}
            {{ column }}_sum,
        {%- endfor %}
        row_count
    from summed
)

select *
from compared
where (select count(*) from compared) > 1

{% endtest %}
