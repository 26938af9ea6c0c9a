{#- Creates a table of a source without rows, where it does not exist. -#}
{% macro create_table(schema, table, columns) -%}
    {{ return(adapter.dispatch("create_table")(schema, table, columns)) }}
{%- endmacro %}

{% macro default__create_table(schema, table, columns) -%}
    create table if not exists {{ schema }}.{{ table }} ({{ columns | join(", ") }})
{%- endmacro %}

{#- On Spark the table is the files of a folder, where another program may have written some. -#}
{% macro spark__create_table(schema, table, columns) -%}
    {%- set lake = run_query("set spark.sql.warehouse.dir").rows[0]["value"] -%}
    create table if not exists {{ schema }}.{{ table }} ({{ columns | join(", ") }})
    using parquet
    location '{{ lake }}/{{ schema }}.db/{{ table }}'
{%- endmacro %}
