{#- 1 where a rating lies between whole stars, else 0. -#}
{% macro is_half_star(rating) -%}
    case when {{ rating }} != floor({{ rating }}) then 1 else 0 end
{%- endmacro %}
