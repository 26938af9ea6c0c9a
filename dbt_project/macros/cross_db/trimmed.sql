{#- A text without the spaces, of any kind that Unicode knows, at its beginning and its end. -#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch("trimmed")(text)) }}
{%- endmacro %}

{% macro default__trimmed(text) -%}
    trim({{ text }})
{%- endmacro %}

{% macro spark__trimmed(text) -%}
    regexp_replace({{ text }}, r'^\p{Zs}+|\p{Zs}+$', '')
{%- endmacro %}
