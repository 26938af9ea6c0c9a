{#- An array of a unit test's row, which the .yml file writes as a list. -#}
{% macro spark__safe_cast(field, type) -%}
    {%- if type.startswith("array") and field is not string -%}
        cast(array({{ (field | string)[1:-1] }}) as {{ type }})
    {%- else -%}
        {{ dbt.spark__safe_cast(field, type) }}
    {%- endif -%}
{%- endmacro %}
