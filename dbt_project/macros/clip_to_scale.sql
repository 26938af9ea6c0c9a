{#- A prediction, moved onto the rating scale where it lies outside. -#}
{% macro clip_to_scale(prediction) -%}
    least({{ var("rating_max") }}, greatest({{ var("rating_min") }}, {{ prediction }}))
{%- endmacro %}
