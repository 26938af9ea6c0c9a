{#-
    A rating that two vectors predict, in stars: the user's and the movie's bias and the dot product
    of their arrays, on the scale. Both are relations with the columns `bias` and `embedding`.
-#}
{% macro predicted_rating(user, movie) -%}
    {{ clip_to_scale(
        user ~ ".bias + " ~ movie ~ ".bias + " ~ dot_product(user ~ ".embedding", movie ~ ".embedding")
    ) }}
{%- endmacro %}
