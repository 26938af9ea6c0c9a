{#- The number that up to 15 hexadecimal digits write. -#}
{% macro hex_to_number(digits) -%}
    {{ return(adapter.dispatch("hex_to_number")(digits)) }}
{%- endmacro %}

{% macro default__hex_to_number(digits) -%}
    cast('0x' || {{ digits }} as bigint)
{%- endmacro %}

{% macro spark__hex_to_number(digits) -%}
    cast(conv({{ digits }}, 16, 10) as bigint)
{%- endmacro %}
