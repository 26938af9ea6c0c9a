{#- The texts of a group as one text, in alphabetical order; null where the group has none. -#}
{% macro join_sorted(text, separator) -%}
    {{ return(adapter.dispatch("join_sorted")(text, separator)) }}
{%- endmacro %}

{% macro default__join_sorted(text, separator) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ text }})
{%- endmacro %}

{% macro spark__join_sorted(text, separator) -%}
    nullif(array_join(sort_array(collect_list({{ text }})), '{{ separator }}'), '')
{%- endmacro %}
