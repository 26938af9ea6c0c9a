{#- The cosine of the angle between two arrays of numbers, -1 to 1; null where one is all zeros. -#}
{% macro cosine_similarity(left, right) -%}
    {{ safe_divide(
        dot_product(left, right),
        "sqrt(" ~ dot_product(left, left) ~ " * " ~ dot_product(right, right) ~ ")"
    ) }}
{%- endmacro %}
