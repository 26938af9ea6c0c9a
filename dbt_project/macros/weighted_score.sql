{#-
    The Bayesian weighted score (n * mean + m * C) / (n + m): a movie's mean rating, as if m
    average ratings had come first. n: the movie's ratings, C: the mean of all ratings.
    It is rounded, so that equal scores are equal whatever the order of summation.
-#}
{% macro weighted_score(rating_count, mean_rating, overall_mean) -%}
    round(
        ({{ rating_count }} * {{ mean_rating }} + {{ var("weighted_score_m") }} * {{ overall_mean }})
        / ({{ rating_count }} + {{ var("weighted_score_m") }}),
        6
    )
{%- endmacro %}
