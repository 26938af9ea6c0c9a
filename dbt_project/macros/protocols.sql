{#- The protocols by which models are measured; each has a column of `rating_splits`. -#}
{% macro protocols() -%}
    {% do return(["random", "temporal", "last"]) %}
{%- endmacro %}
