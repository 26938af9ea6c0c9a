{#- The cosine of two sets of genres, each the bits of a number: 0 where either is empty. -#}
{% macro genre_cosine(first, second) -%}
    coalesce(
        bit_count({{ first }} & {{ second }})
        / nullif(sqrt(1.0 * bit_count({{ first }}) * bit_count({{ second }})), 0),
        0
    )
{%- endmacro %}
