{#- A relation with one column, `number`, that holds 0 to count - 1. -#}
{% macro number_series(count) -%}
    {{ return(adapter.dispatch("number_series")(count)) }}
{%- endmacro %}

{% macro default__number_series(count) -%}
    (select range as number from range({{ count }}))
{%- endmacro %}

{% macro spark__number_series(count) -%}
    (select id as number from range({{ count }}))
{%- endmacro %}
