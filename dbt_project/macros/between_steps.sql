{#- Whether a rating lies between the steps of the scale. The tolerance is for steps such as
    0.1, which binary fractions cannot hold. -#}
{% macro between_steps(rating) -%}
    abs(
        ({{ rating }} - {{ var("rating_min") }}) / {{ var("rating_step") }}
        - round(({{ rating }} - {{ var("rating_min") }}) / {{ var("rating_step") }})
    ) > 1e-6
{%- endmacro %}
