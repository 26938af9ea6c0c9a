{#-
    Puts rows, written as in `values`, in the place of a small table's rows whose `key` is one of
    `keys`, written as literals.
-#}
{% macro replace_rows(table, key, keys, rows) -%}
    {{ return(adapter.dispatch("replace_rows")(table, key, keys, rows)) }}
{%- endmacro %}

{% macro default__replace_rows(table, key, keys, rows) -%}
    {% do run_query("delete from " ~ table ~ " where " ~ key ~ " in (" ~ keys | join(", ") ~ ")") %}
    {% do run_query("insert into " ~ table ~ " values " ~ rows | join(", ")) %}
{%- endmacro %}

{#- Spark deletes no rows of Parquet files, and overwrites no table that the same query reads. -#}
{% macro spark__replace_rows(table, key, keys, rows) -%}
    {% set types = run_query("describe " ~ table).columns["data_type"].values() %}
    {% set kept = [] %}
    {% for row in run_query(
        "select * from " ~ table ~ " where " ~ key ~ " not in (" ~ keys | join(", ") ~ ")"
    ).rows %}
        {% set values = [] %}
        {% for value in row.values() %}
            {% set text = "null" if value is none else "'" ~ value | replace("'", "\\'") ~ "'" %}
            {% do values.append("cast(" ~ text ~ " as " ~ types[loop.index0] ~ ")") %}
        {% endfor %}
        {% do kept.append("(" ~ values | join(", ") ~ ")") %}
    {% endfor %}
    {% do run_query("insert overwrite " ~ table ~ " values " ~ (kept + rows) | join(", ")) %}
{%- endmacro %}
