{#- The traits by which users are told apart: columns of `user_features`, whether a few users have a
    hundred times what most have, and the word for users with more and with less than the mean. -#}
{% macro user_traits() -%}
    {%- set traits = [
        {"column": "mean_rating", "high": "generous", "low": "strict"},
        {"column": "std_rating", "high": "varied", "low": "even-handed"},
        {"column": "half_star_pct", "high": "half stars", "low": "whole stars"},
        {"column": "rating_count", "is_skewed": true, "high": "busy", "low": "occasional"},
        {"column": "span_days", "is_skewed": true, "high": "long-term", "low": "short-term"},
        {"column": "ratings_per_active_day", "is_skewed": true, "high": "in bursts", "low": "bit by bit"},
        {"column": "mean_release_year", "high": "new releases", "low": "classics"},
        {"column": "old_affinity", "high": "fond of the old", "low": "fond of the new"},
        {"column": "mean_obscurity_pct", "high": "obscure", "low": "mainstream"},
    ] -%}
    {%- for column in affinity_genres() -%}
        {%- set genre = "IMAX" if column == "imax" else column | replace("_", "-") -%}
        {%- do traits.append(
            {"column": column ~ "_affinity", "high": "fond of " ~ genre, "low": "cool on " ~ genre}
        ) -%}
        {%- do traits.append({"column": column ~ "_pct", "high": genre, "low": "not " ~ genre}) -%}
    {%- endfor -%}
    {% do return(traits) %}
{%- endmacro %}
