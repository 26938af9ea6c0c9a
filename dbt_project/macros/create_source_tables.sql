{#-
    Creates the source tables that do not exist yet, empty, from the columns that their .yml
    declares: the one place that defines them. So a project builds before anything was loaded
    or trained.
-#}
{% macro create_source_tables() %}
    {% if execute %}
        {% for source in graph.sources.values() %}
            {% set columns = [] %}
            {% for column in source.columns.values() %}
                {% do columns.append(column.name ~ " " ~ column_type(column.data_type)) %}
            {% endfor %}
            {% do run_query("create schema if not exists " ~ source.schema) %}
            {% do run_query(create_table(source.schema, source.identifier, columns)) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
