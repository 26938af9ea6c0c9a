{#- What the engine calls a type of a column; the .yml files write types as DuckDB does. -#}
{% macro column_type(data_type) -%}
    {{ return(adapter.dispatch("column_type")(data_type)) }}
{%- endmacro %}

{% macro default__column_type(data_type) -%}
    {{ return(data_type) }}
{%- endmacro %}

{% macro spark__column_type(data_type) -%}
    {%- if data_type.endswith("[]") -%}
        {{ return("array<" ~ spark__column_type(data_type[:-2]) ~ ">") }}
    {%- else -%}
        {{ return("string" if data_type == "varchar" else data_type) }}
    {%- endif -%}
{%- endmacro %}
