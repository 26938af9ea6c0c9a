{#-
    dbt's own macros, as Spark needs them to keep a contract. A model's columns must have the
    contract's names; they are cast to its types, as what is a bigint on DuckDB, such as a
    row_number, may be an int on Spark.
-#}
{% macro spark__get_assert_columns_equivalent(sql) -%}
    {%- set found = get_column_schema_from_query(sql, config.get("sql_header", none)) -%}
    {%- set expected = get_column_schema_from_query(get_empty_schema_sql(model["columns"])) -%}
    {%- if found | map(attribute="name") | sort | list != expected | map(attribute="name") | sort | list -%}
        {%- do exceptions.raise_contract_error(format_columns(expected), format_columns(found)) -%}
    {%- endif -%}
{%- endmacro %}

{% macro spark__get_empty_schema_sql(columns) -%}
    select
        {% for name, column in columns.items() -%}
            cast(null as {{ column_type(column["data_type"]) }}) as {{ name }}{{ ", " if not loop.last }}
        {%- endfor %}
    where false
{%- endmacro %}

{% macro spark__get_select_subquery(sql) -%}
    select
        {% for name, column in model["columns"].items() -%}
            cast({{ name }} as {{ column_type(column["data_type"]) }}) as {{ name }}{{ ", " if not loop.last }}
        {%- endfor %}
    from (
        {{ sql }}
    )
{%- endmacro %}

{% macro spark__create_view_as(relation, sql) -%}
    {%- set casted = get_select_subquery(sql) if config.get("contract").enforced else sql -%}
    {{ dbt.spark__create_view_as(relation, casted) }}
{%- endmacro %}

{#- Parquet files know no constraints: the columns that are to have no null are looked at once. -#}
{% macro spark__persist_constraints(relation, model) %}
    {% if config.get("contract").enforced and config.get("file_format") == "parquet" %}
        {% set columns = [] %}
        {% for name, column in model.columns.items() %}
            {% do columns.append(name) if column.constraints | selectattr("type", "equalto", "not_null") | list %}
        {% endfor %}
        {% do raise_nulls(relation, columns) if columns %}
    {% elif config.get("contract").enforced %}
        {% do dbt.spark__persist_constraints(relation, model) %}
    {% endif %}
{% endmacro %}

{#- Stops where one of the columns has a null. -#}
{% macro raise_nulls(relation, columns) %}
    {% set counts = [] %}
    {% for column in columns %}
        {% do counts.append("count(*) - count(" ~ column ~ ")") %}
    {% endfor %}
    {% for count in run_query("select " ~ counts | join(", ") ~ " from " ~ relation).rows[0] if count %}
        {% do exceptions.raise_database_error(
            "NOT NULL constraint failed: " ~ relation ~ "." ~ columns[loop.index0] ~ " has "
            ~ count ~ " nulls"
        ) %}
    {% endfor %}
{% endmacro %}
