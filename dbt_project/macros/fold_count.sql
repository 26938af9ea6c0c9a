{#- How many folds the training rows are divided into, for out-of-fold features. -#}
{% macro fold_count() -%}
    {% do return(5) %}
{%- endmacro %}
