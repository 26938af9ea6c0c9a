{#- The sum of a group's arrays of numbers, element by element, each times its weight. -#}
{% macro weighted_vector_sum(vector, weight) -%}
    {{ return(adapter.dispatch("weighted_vector_sum")(vector, weight)) }}
{%- endmacro %}

{% macro default__weighted_vector_sum(vector, weight) -%}
    list_reduce(
        list(list_transform({{ vector }}, x -> x * {{ weight }})),
        (total, part) -> list_transform(list_zip(total, part), pair -> pair[1] + pair[2])
    )
{%- endmacro %}

{% macro spark__weighted_vector_sum(vector, weight) -%}
    reduce(
        collect_list(transform({{ vector }}, x -> x * {{ weight }})),
        array_repeat(cast(0 as double), first(size({{ vector }}))),
        (total, part) -> zip_with(total, part, (x, y) -> x + y)
    )
{%- endmacro %}
