{#- Whether a number is neither null, NaN nor infinite. Both engines rank NaN above all numbers. -#}
{% macro is_finite(number) -%}
    coalesce({{ number }} between -1e300 and 1e300, false)
{%- endmacro %}
