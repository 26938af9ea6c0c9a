{#- A 64-bit hash of the columns: equal rows have equal hashes, and few others share one. -#}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch("row_hash")(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
    hash({{ columns | join(", ") }})
{%- endmacro %}

{% macro spark__row_hash(columns) -%}
    xxhash64({{ columns | join(", ") }})
{%- endmacro %}
