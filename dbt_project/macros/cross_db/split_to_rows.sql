{#- One row per part of a text that `separator` (a single character) divides; for a select list. -#}
{% macro split_to_rows(text, separator) -%}
    {{ return(adapter.dispatch("split_to_rows")(text, separator)) }}
{%- endmacro %}

{% macro default__split_to_rows(text, separator) -%}
    unnest(string_split({{ text }}, '{{ separator }}'))
{%- endmacro %}

{% macro spark__split_to_rows(text, separator) -%}
    explode(split({{ text }}, '[{{ separator }}]'))
{%- endmacro %}
