{#- The first group of a regular expression's match in a text; null where nothing matches. -#}
{% macro regex_group(text, pattern) -%}
    {{ return(adapter.dispatch("regex_group")(text, pattern)) }}
{%- endmacro %}

{% macro default__regex_group(text, pattern) -%}
    nullif(regexp_extract({{ text }}, '{{ pattern }}', 1), '')
{%- endmacro %}

{% macro spark__regex_group(text, pattern) -%}
    nullif(regexp_extract({{ text }}, r'{{ pattern }}', 1), '')
{%- endmacro %}
