{#- The cosine of the angle between the vectors of two rows of int_vector_lengths, -1 to 1; null
    where one is all zeros. -#}
{% macro similarity(left, right) -%}
    {{ safe_divide(
        dot_product(left ~ ".embedding", right ~ ".embedding"),
        "(" ~ left ~ ".length * " ~ right ~ ".length)"
    ) }}
{%- endmacro %}
