{#-
    Bins of stars, half a step of the rating scale wide and counted from 0: those of a mean, or of a
    prediction. The last one holds the end of the scale too. The tolerance is for steps such as 0.1,
    which binary fractions cannot hold.
-#}
{% macro half_step_bin(stars) -%}
    floor(
        least(
            {{ clip_to_scale(stars) }} - {{ var("rating_min") }},
            {{ var("rating_max") }} - {{ var("rating_min") }} - {{ var("rating_step") }} / 4.0
        ) / ({{ var("rating_step") }} / 2.0) + 1e-9
    )
{%- endmacro %}

{#- Where such a bin begins, in stars. -#}
{% macro half_step_bound(bin) -%}
    round({{ var("rating_min") }} + {{ bin }} * {{ var("rating_step") }} / 2.0, 6)
{%- endmacro %}
