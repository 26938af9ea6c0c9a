{#- How many people rated a movie, and what they gave it on average, in words. -#}
{% macro rated_by(rating_count, mean_rating) -%}
    'rated by ' || {{ rating_count }}
    || case when {{ rating_count }} = 1 then ' person, ' else ' people, ' end
    || round({{ mean_rating }}, 1) || ' on average'
{%- endmacro %}
