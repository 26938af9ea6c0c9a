{#- The sum of the products of two arrays of numbers, element by element, in double precision. -#}
{% macro dot_product(left, right) -%}
    {{ return(adapter.dispatch("dot_product")(left, right)) }}
{%- endmacro %}

{% macro default__dot_product(left, right) -%}
    list_dot_product(cast({{ left }} as double[]), cast({{ right }} as double[]))
{%- endmacro %}

{% macro spark__dot_product(left, right) -%}
    aggregate(
        zip_with({{ left }}, {{ right }}, (x, y) -> cast(x as double) * cast(y as double)),
        cast(0 as double),
        (total, product) -> total + product
    )
{%- endmacro %}
