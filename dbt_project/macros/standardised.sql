{#- The z-score of a value, or 0 where all values are equal, as in scikit-learn's StandardScaler. -#}
{% macro standardised(value, mean, std) -%}
    coalesce(({{ value }} - {{ mean }}) / nullif({{ std }}, 0), 0)
{%- endmacro %}
