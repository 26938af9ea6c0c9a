{#-
    The metrics by which models are judged, as the mart `metrics` shows them; `formula` computes one
    of the columns that `judging_sums` names for its kind, or of `int_list_exposures`.
-#}
{% macro metrics() -%}
    {%- set first = "@" ~ var("short_list_length") -%}
    {%- set whole = "@" ~ var("list_length") -%}
    {%- set variance = "(squared_rating / row_count - power(rating / row_count, 2))" -%}
    {% do return([
        {
            "name": "mse", "kind": "ratings", "better": "lower", "lower_limit": 0,
            "formula": "squared_error / row_count",
            "description": "Mean squared error of predictions, in squared stars",
        },
        {
            "name": "rmse", "kind": "ratings", "better": "lower", "lower_limit": 0,
            "formula": "sqrt(squared_error / row_count)",
            "description": "Root of the mean squared error, in stars",
        },
        {
            "name": "mae", "kind": "ratings", "better": "lower", "lower_limit": 0,
            "formula": "absolute_error / row_count",
            "description": "Mean absolute error, in stars",
        },
        {
            "name": "r2", "kind": "ratings", "better": "higher", "upper_limit": 1,
            "formula": "case when " ~ variance ~ " > 1e-9"
                ~ " then 1 - squared_error / row_count / " ~ variance ~ " end",
            "description": "1 - squared error / squared deviation of the ratings of the slice from their mean",
        },
        {
            "name": "bias", "kind": "ratings",
            "formula": "error / row_count",
            "description": "Mean of prediction - rating, in stars: 0 is best",
        },
        {
            "name": "interval_coverage", "kind": "ratings", "lower_limit": 0, "upper_limit": 1,
            "formula": safe_divide("covered_count", "interval_count"),
            "description": "Share of ratings within the 90% interval of their prediction: 0.9 is best",
        },
        {
            "name": "interval_width", "kind": "ratings", "better": "lower", "lower_limit": 0,
            "formula": safe_divide("interval_width", "interval_count"),
            "description": "Mean width of the 90% intervals, in stars",
        },
        {
            "name": "unknown_share", "kind": "ratings", "lower_limit": 0, "upper_limit": 1,
            "formula": "unknown_count / row_count",
            "description": "Share of ratings whose user or movie has no training row: vectors alone say nothing of these",
        },
        {
            "name": "ndcg" ~ first, "kind": "lists", "better": "higher", "lower_limit": 0, "upper_limit": 1,
            "formula": "ndcg / row_count",
            "description": "Discounted gain of hits among the first movies, as a share of the best possible",
        },
        {
            "name": "recall" ~ whole, "kind": "lists", "better": "higher", "lower_limit": 0, "upper_limit": 1,
            "formula": "recall / row_count",
            "description": "Hits, as a share of the relevant movies that the list has room for",
        },
        {
            "name": "mrr", "kind": "lists", "better": "higher", "lower_limit": 0, "upper_limit": 1,
            "formula": "reciprocal_rank / row_count",
            "description": "Mean of 1 / rank of the first hit, 0 without a hit",
        },
        {
            "name": "hit_rate" ~ first, "kind": "lists", "better": "higher", "lower_limit": 0, "upper_limit": 1,
            "formula": "hit_count / row_count",
            "description": "Share of users with a hit among the first movies",
        },
        {
            "name": "novelty" ~ whole, "kind": "lists", "better": "higher", "lower_limit": 0,
            "formula": safe_divide("novelty", "novelty_count"),
            "description": "Mean surprise of the movies, -log2(share of users who rated the movie), in bits",
        },
        {
            "name": "intra_list_diversity" ~ whole, "kind": "lists", "better": "higher",
            "lower_limit": 0, "upper_limit": 1,
            "formula": safe_divide("diversity", "diversity_count"),
            "description": "1 - mean Jaccard index of the genres of two movies of a list",
        },
        {
            "name": "popularity_bias" ~ whole, "kind": "lists", "lower_limit": 0,
            "formula": safe_divide("popularity_bias", "popularity_bias_count"),
            "description": "Mean popularity of a list, as a multiple of that of the movies that the user rated",
        },
        {
            "name": "coverage" ~ whole, "kind": "exposures", "better": "higher",
            "lower_limit": 0, "upper_limit": 1,
            "formula": "coverage",
            "description": "Share of the rated movies that stand in at least one list",
        },
        {
            "name": "gini" ~ whole, "kind": "exposures", "better": "lower",
            "lower_limit": 0, "upper_limit": 1,
            "formula": "gini",
            "description": "Gini coefficient of how many lists each movie stands in: 0 where all stand in as many",
        },
    ]) %}
{%- endmacro %}
