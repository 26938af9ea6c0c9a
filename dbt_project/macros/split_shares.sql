{#- Of all ratings, or of a user's: the share that tests, and the share of the rest that validates. -#}
{% macro split_shares() %}
    {{ return({"test": 0.2, "validation": 0.1}) }}
{% endmacro %}
