{#-
    How a mart is made that only adds columns to others: as a view on DuckDB. On Spark it is a table,
    because other programs read the files of tables there, and cannot evaluate Spark's views.
-#}
{% macro published_view() -%}
    {{ return(adapter.dispatch("published_view")()) }}
{%- endmacro %}

{% macro default__published_view() -%}
    view
{%- endmacro %}

{% macro spark__published_view() -%}
    table
{%- endmacro %}
