{#-
    Whether the ratings are there already, and only those that `raw.changed_ratings` names are
    built anew: what the relations before `core.fct_ratings` ask. Those after it are incremental,
    and ask `is_incremental()`.
-#}
{% macro builds_changes() -%}
    {%- if not execute or flags.FULL_REFRESH -%}
        {% do return(false) %}
    {%- endif -%}
    {%- set ratings = adapter.get_relation(this.database, "core", "fct_ratings") -%}
    {% do return(ratings is not none) %}
{%- endmacro %}

{#- Deletes what a build of changes inserts anew: the rows of the changed ratings. -#}
{% macro delete_changed_ratings() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where (user_id, movie_id) in (select user_id, movie_id from {{ ref("stg_changed_ratings") }})
    {%- endif -%}
{%- endmacro %}
