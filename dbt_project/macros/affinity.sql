{#- How many stars a user gives some movies above the user's own mean, pulled towards 0 where
    they are few. -#}
{% macro affinity(rating_sum, rating_count, mean_rating) -%}
    ({{ rating_sum }} - {{ mean_rating }} * {{ rating_count }})
    / ({{ rating_count }} + {{ var("affinity_shrinkage") }})
{%- endmacro %}
