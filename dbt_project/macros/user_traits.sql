{#- The traits that tell users apart. Each is a column of `user_features` with its group, the words
    for users above and below the mean, and `is_skewed` where a few users have a hundred times what
    most have. -#}
{% macro user_traits() -%}
    {%- set traits = [
        {"column": "mean_rating", "group": "ratings", "high": "generous", "low": "strict"},
        {"column": "std_rating", "group": "ratings", "high": "varied", "low": "even-handed"},
        {"column": "half_star_pct", "group": "ratings", "high": "half stars", "low": "whole stars"},
        {"column": "rating_count", "group": "activity", "is_skewed": true, "high": "busy", "low": "occasional"},
        {"column": "span_days", "group": "activity", "is_skewed": true, "high": "long-term", "low": "short-term"},
        {"column": "ratings_per_active_day", "group": "activity", "is_skewed": true, "high": "in bursts", "low": "bit by bit"},
        {"column": "mean_release_year", "group": "movies", "high": "new releases", "low": "classics"},
        {"column": "old_affinity", "group": "movies", "high": "fond of the old", "low": "fond of the new"},
        {"column": "mean_obscurity_pct", "group": "movies", "high": "obscure", "low": "mainstream"},
    ] -%}
    {%- for column in affinity_genres() -%}
        {%- set genre = "IMAX" if column == "imax" else column | replace("_", "-") -%}
        {%- do traits.append({
            "column": column ~ "_affinity", "group": "genre affinities",
            "high": "fond of " ~ genre, "low": "cool on " ~ genre
        }) -%}
        {%- do traits.append({
            "column": column ~ "_pct", "group": "genre shares",
            "high": genre, "low": "not " ~ genre
        }) -%}
    {%- endfor -%}
    {% do return(traits) %}
{%- endmacro %}
