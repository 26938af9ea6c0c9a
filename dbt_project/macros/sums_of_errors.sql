{#- What the metrics of predicted ratings are computed from, summed over the rows of a group. -#}
{% macro sums_of_errors() -%}
    count(*) as row_count,
    sum(rating) as rating,
    sum(rating * rating) as squared_rating,
    sum(error) as error,
    sum(abs(error)) as absolute_error,
    sum(error * error) as squared_error,
    count(interval_width) as interval_count,
    coalesce(sum(interval_width), 0) as interval_width,
    cast(sum(is_covered) as bigint) as covered_count
{%- endmacro %}
