{#- Schemas are named exactly as the models say: `core`, not `main_core`. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
