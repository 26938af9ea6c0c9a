{#- The days from one date to a later one. -#}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch("days_between")(first, last)) }}
{%- endmacro %}

{% macro default__days_between(first, last) -%}
    date_diff('day', {{ first }}, {{ last }})
{%- endmacro %}

{% macro spark__days_between(first, last) -%}
    datediff({{ last }}, {{ first }})
{%- endmacro %}
