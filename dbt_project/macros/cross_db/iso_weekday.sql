{#- The weekday of a timestamp: 1 for Monday to 7 for Sunday. -#}
{% macro iso_weekday(timestamp) -%}
    {{ return(adapter.dispatch("iso_weekday")(timestamp)) }}
{%- endmacro %}

{% macro default__iso_weekday(timestamp) -%}
    extract(isodow from {{ timestamp }})
{%- endmacro %}

{% macro spark__iso_weekday(timestamp) -%}
    extract(dayofweek_iso from {{ timestamp }})
{%- endmacro %}
