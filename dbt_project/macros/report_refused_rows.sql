{#-
    The last lines of a build: how many lines were refused or merged, and by which rule; or that
    there are too many of them.
-#}
{% macro report_refused_rows(results) %}
    {% set reconciliation = ref("row_reconciliation") %}
    {% set refused_counts = ref("int_refused_counts") %}
    {% set refused_lines = ref("int_refused_lines") %}
    {% set staging = {"ratings": ref("stg_ratings"), "tags": ref("stg_tags")} %}
    {% set ratings = ref("fct_ratings") %}
    {% set stopped = results | selectattr("node.name", "equalto", "few_lines_are_refused")
        | selectattr("status", "equalto", "fail") | list %}
    {% if execute and stopped %}
        {% do say_too_many_refused(refused_counts, refused_lines, staging) %}
    {% elif execute and flags.WHICH in ("build", "run") %}
        {% set built = results | selectattr("node.name", "equalto", "row_reconciliation")
            | selectattr("status", "equalto", "success") | list %}
        {% if built %}
            {% set tables = run_query(
                "select * from " ~ reconciliation ~ " where read_count > 0 order by table_name"
            ).rows %}
            {% for table in tables %}
                {% do print(table["table_name"] ~ ": " ~ table["read_count"] ~ " lines read, "
                    ~ table["accepted_count"] ~ " accepted, " ~ table["merged_count"] ~ " merged, "
                    ~ table["quarantined_count"] ~ " refused") %}
                {% for rule in refused_rules(refused_lines, table["table_name"], 100).rows %}
                    {% do print("  " ~ rule["rule"] ~ ": " ~ rule["refused_count"]) %}
                {% endfor %}
            {% endfor %}
            {% set rated = run_query("select count(*), count(rated_at) from " ~ ratings).rows[0] %}
            {% if not tables %}
                {% do print("Nothing is loaded yet: `make build` loads a dataset.") %}
            {% elif rated[0] and not rated[1] %}
                {% do print("The ratings have no timestamps: the temporal and last protocols are empty.") %}
            {% endif %}
        {% endif %}
    {% endif %}
{% endmacro %}
