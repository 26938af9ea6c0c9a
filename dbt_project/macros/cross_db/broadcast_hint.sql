{#- After `select`: a relation fits into memory, so that joins with it need no sort. DuckDB sees that. -#}
{% macro broadcast_hint(relation) -%}
    {{ return(adapter.dispatch("broadcast_hint")(relation)) }}
{%- endmacro %}

{% macro default__broadcast_hint(relation) -%}
{%- endmacro %}

{% macro spark__broadcast_hint(relation) -%}
    /*+ broadcast({{ relation }}) */
{%- endmacro %}
