{#-
    How much y rises with x in a group's rows, by least squares with an intercept. What
    `user_bias_shrinkage` more rows would add that lie one `unit` of x off the mean and rise
    not at all pulls it towards 0. Rows without x do not count; null where none has one.
-#}
{% macro shrunken_slope(x, y, unit) -%}
    (sum({{ x }} * {{ y }}) - sum({{ x }}) * sum(case when {{ x }} is not null then {{ y }} end) / count({{ x }}))
    / (
        sum({{ x }} * {{ x }}) - sum({{ x }}) * sum({{ x }}) / count({{ x }})
        + {{ var("user_bias_shrinkage") }} * {{ unit }} * {{ unit }}
    )
{%- endmacro %}
