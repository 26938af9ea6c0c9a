{#-
    The order that decides which of several ratings of one movie by one user is kept: the first.
    Ties go to the later rating, then to the later line, so that the choice never depends on row
    order.
-#}
{% macro duplicate_order() -%}
    {%- set policy = var("duplicate_policy") -%}
    {%- set latest = "rated_at desc nulls last, " ~ line_order(direction="desc nulls last") -%}
    {%- if policy == "highest" -%}
        rating desc, {{ latest }}
    {%- elif policy == "latest" -%}
        {{ latest }}, rating desc
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "duplicate_policy is '" ~ policy ~ "'; it must be 'highest' or 'latest'."
        ) }}
    {%- endif -%}
{%- endmacro %}
