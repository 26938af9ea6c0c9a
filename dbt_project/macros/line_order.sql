{#- The order of a table's lines over all of its files: that of their names without endings, so that
    `ratings.csv` comes before `ratings-2026.csv`. -#}
{% macro line_order(table="", direction="asc") -%}
    {%- set of = table ~ "." if table else "" -%}
    split_part({{ of }}source_file, '.', 1) {{ direction }},
    {{ of }}source_file {{ direction }},
    {{ of }}line_number {{ direction }}
{%- endmacro %}
