{#-
    How much y rises with x in a group's rows, by least squares with an intercept. The slope is
    pulled towards 0, as if there were `user_bias_shrinkage` more rows, each one `unit` of x from
    the mean, in which y does not rise. Rows without x do not count; null where no row has x.
    To nine places: where all x are equal, what the order of a sum leaves over is no slope.
-#}
{% macro shrunken_slope(x, y, unit) -%}
    round(
        (sum({{ x }} * {{ y }}) - sum({{ x }}) * sum(case when {{ x }} is not null then {{ y }} end) / count({{ x }}))
        / (
            sum({{ x }} * {{ x }}) - sum({{ x }}) * sum({{ x }}) / count({{ x }})
            + {{ var("user_bias_shrinkage") }} * {{ unit }} * {{ unit }}
        ),
        9
    )
{%- endmacro %}
