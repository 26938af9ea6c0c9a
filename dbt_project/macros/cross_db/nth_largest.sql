{#- The n-th largest of a group's values, or the smallest where the group has fewer. -#}
{% macro nth_largest(value, n) -%}
    {{ return(adapter.dispatch("nth_largest")(value, n)) }}
{%- endmacro %}

{% macro default__nth_largest(value, n) -%}
    list_min(max({{ value }}, {{ n }}))
{%- endmacro %}

{% macro spark__nth_largest(value, n) -%}
    coalesce(try_element_at(sort_array(collect_list({{ value }}), false), {{ n }}), min({{ value }}))
{%- endmacro %}
