{#- The seconds since 1970 of a UTC timestamp, without fractions. -#}
{% macro epoch_of(timestamp) -%}
    {{ return(adapter.dispatch("epoch_of")(timestamp)) }}
{%- endmacro %}

{% macro default__epoch_of(timestamp) -%}
    cast(floor(epoch({{ timestamp }})) as bigint)
{%- endmacro %}

{% macro spark__epoch_of(timestamp) -%}
    unix_timestamp({{ timestamp }})
{%- endmacro %}
