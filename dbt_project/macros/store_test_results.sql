{#- Keeps how each test of a run ended in `quality.test_results`, in place of its last result. -#}
{% macro store_test_results(results) %}
    {% if execute and flags.WHICH in ("build", "test") %}
        {% set names = [] %}
        {% set rows = [] %}
        {% for result in results if result.node.resource_type in ("test", "unit_test") %}
            {% do names.append("'" ~ result.node.name ~ "'") %}
            {% do rows.append(
                "('" ~ result.node.name ~ "', '" ~ result.status ~ "', "
                ~ (result.failures or 0) ~ ", cast('" ~ run_started_at.strftime("%Y-%m-%d %H:%M:%S")
                ~ "' as timestamp))"
            ) %}
        {% endfor %}
        {% if rows %}
            {% do replace_rows("quality.test_results", "test_name", names, rows) %}
        {% endif %}
    {% endif %}
{% endmacro %}
