{#-
    Stops the build where more than `max_quarantined_pct` of a table's lines were refused, with
    the worst rules and three sample lines of each.
-#}
{% macro stop_if_too_many_refused() %}
    {% set refused_lines = ref("int_refused_lines") %}
    {% if execute %}
        {% set limit = var("max_quarantined_pct") %}
        {% set worst = run_query(
            "select table_name, read_count, quarantined_count from " ~ this.include(database=false)
            ~ " where quarantined_count * 100.0 > read_count * " ~ limit
            ~ " order by table_name"
        ) %}
        {% if worst.rows %}
            {% set lines = [] %}
            {% for table in worst.rows %}
                {% do lines.append(
                    table["table_name"] ~ ": " ~ table["quarantined_count"] ~ " of "
                    ~ table["read_count"] ~ " lines refused, more than the " ~ limit
                    ~ "% that max_quarantined_pct allows."
                ) %}
                {% for rule in refused_rules(refused_lines, table["table_name"], 3).rows %}
                    {% do lines.append("  " ~ rule["rule"] ~ ": " ~ rule["refused_count"]) %}
                    {% set samples = refused_samples(
                        refused_lines, table["table_name"], rule["rule"], 3
                    ).rows %}
                    {% for sample in samples %}
                        {% do lines.append(
                            "    " ~ sample["source_file"] ~ " line "
                            ~ (sample["line_number"] or "unknown") ~ ": " ~ sample["row_text"]
                        ) %}
                    {% endfor %}
                {% endfor %}
            {% endfor %}
            {% do lines.append(
                "Mend the file, or allow more: VARS='{max_quarantined_pct: 100}' with make, --vars with dbt."
            ) %}
            {{ exceptions.raise_compiler_error(lines | join("\n")) }}
        {% endif %}
    {% endif %}
    select 1
{% endmacro %}

{% macro refused_rules(refused_lines, table_name, limit) %}
    {% do return(run_query(
        "select rule, count(*) as refused_count from " ~ refused_lines
        ~ " where table_name = '" ~ table_name ~ "'"
        ~ " group by rule order by refused_count desc, rule limit " ~ limit
    )) %}
{% endmacro %}

{% macro refused_samples(refused_lines, table_name, rule, limit) %}
    {% do return(run_query(
        "select source_file, line_number, substr(row_text, 1, 100) as row_text from "
        ~ refused_lines
        ~ " where table_name = '" ~ table_name ~ "' and rule = '" ~ rule ~ "'"
        ~ " order by source_file, line_number limit " ~ limit
    )) %}
{% endmacro %}
