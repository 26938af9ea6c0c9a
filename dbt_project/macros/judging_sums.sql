{#-
    The sums that metrics are computed from, by name: over the test rows of predicted `ratings`, or
    over the judged users of `lists`.
-#}
{% macro judging_sums(kind) -%}
    {% do return({
        "ratings": {
            "row_count": "count(*)",
            "rating": "sum(rating)",
            "squared_rating": "sum(rating * rating)",
            "error": "sum(error)",
            "absolute_error": "sum(abs(error))",
            "squared_error": "sum(error * error)",
            "interval_count": "count(interval_width)",
            "interval_width": "coalesce(sum(interval_width), 0)",
            "covered_count": "cast(sum(is_covered) as bigint)",
            "unknown_count": "cast(sum(is_unknown) as bigint)",
        },
        "lists": {
            "row_count": "count(*)",
            "ndcg": "sum(ndcg)",
            "recall": "sum(recall)",
            "reciprocal_rank": "sum(reciprocal_rank)",
            "hit_count": "cast(sum(is_hit) as bigint)",
            "novelty_count": "count(novelty)",
            "novelty": "coalesce(sum(novelty), 0)",
            "diversity_count": "count(diversity)",
            "diversity": "coalesce(sum(diversity), 0)",
            "popularity_bias_count": "count(popularity_bias)",
            "popularity_bias": "coalesce(sum(popularity_bias), 0)",
        },
    }[kind]) %}
{%- endmacro %}

{#- These sums as columns, over the rows of a group. -#}
{% macro sums_of_rows(kind) -%}
    {% for name, expression in judging_sums(kind).items() -%}
        {{ expression }} as {{ name }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#- The same columns, where the rows of a group are such sums already, each with a weight. -#}
{% macro sums_of_sums(kind, weight=1) -%}
    {% for name in judging_sums(kind) -%}
        {%- set total = "sum(" ~ weight ~ " * " ~ name ~ ")" -%}
        {{ "cast(" ~ total ~ " as bigint)" if name.endswith("_count") else total }} as {{ name }}
        {{- "," if not loop.last }}
    {% endfor %}
{%- endmacro %}
