{#- How many standard errors a 95% interval reaches to either side of an estimate. -#}
{% macro normal_95() -%}
    1.959964
{%- endmacro %}
