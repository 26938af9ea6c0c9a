{#- The n-th largest of a group's values; null where the group has fewer. -#}
{% macro nth_largest(value, n) -%}
    {{ return(adapter.dispatch("nth_largest")(value, n)) }}
{%- endmacro %}

{% macro default__nth_largest(value, n) -%}
    max({{ value }}, {{ n }})[{{ n }}]
{%- endmacro %}

{% macro spark__nth_largest(value, n) -%}
    try_element_at(sort_array(collect_list({{ value }}), false), {{ n }})
{%- endmacro %}
