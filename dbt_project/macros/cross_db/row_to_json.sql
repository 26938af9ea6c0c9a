{#- The named columns of a row as one JSON text. -#}
{% macro row_to_json(columns) -%}
    {{ return(adapter.dispatch("row_to_json")(columns)) }}
{%- endmacro %}

{% macro default__row_to_json(columns) -%}
    cast(json_object({% for column in columns %}'{{ column }}', {{ column }}{{ ", " if not loop.last }}{% endfor %}) as varchar)
{%- endmacro %}

{% macro spark__row_to_json(columns) -%}
    to_json(named_struct({% for column in columns %}'{{ column }}', {{ column }}{{ ", " if not loop.last }}{% endfor %}), map('ignoreNullFields', 'false'))
{%- endmacro %}
