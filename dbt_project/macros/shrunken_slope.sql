{#-
    How much y rises with x in a group's rows, by least squares with an intercept, from the group's
    sums: of x * y, of x, of y where x is known, of x * x, and how many rows have x. The slope is
    pulled towards 0, as if there were `user_bias_shrinkage` more rows, each one `unit` of x from
    the mean, in which y does not rise. A number added to each y changes nothing. Null where no row
    has x.
    To nine places: where all x are equal, what the order of a sum leaves over is no slope.
-#}
{% macro shrunken_slope(xy, x, y, xx, count, unit) -%}
    round(
        ({{ xy }} - {{ x }} * {{ y }} / nullif({{ count }}, 0))
        / (
            {{ xx }} - {{ x }} * {{ x }} / nullif({{ count }}, 0)
            + {{ var("user_bias_shrinkage") }} * {{ unit }} * {{ unit }}
        ),
        9
    )
{%- endmacro %}
