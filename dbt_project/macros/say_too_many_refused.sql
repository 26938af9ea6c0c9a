{#-
    Says of each table that lost more than `max_quarantined_pct` of its lines how many it lost,
    by which rules, on which lines, and what mends it.
-#}
{% macro say_too_many_refused(refused_counts, refused_lines, staging) %}
    {% set limit = var("max_quarantined_pct") %}
    {% set worst = run_query(
        "select table_name, read_count, refused_count from " ~ refused_counts
        ~ " where refused_count * 100.0 > read_count * " ~ limit ~ " order by table_name"
    ).rows %}
    {% for table in worst %}
        {% do print(
            table["table_name"] ~ ": " ~ table["refused_count"] ~ " of " ~ table["read_count"]
            ~ " lines refused, more than the " ~ limit ~ "% that max_quarantined_pct allows."
        ) %}
        {% set hints = [] %}
        {% for rule in refused_rules(refused_lines, table["table_name"], 3).rows %}
            {% do print("  " ~ rule["rule"] ~ ": " ~ rule["refused_count"]) %}
            {% set hint = refusal_hint(staging, table["table_name"], rule["rule"]) %}
            {% if hint and hint not in hints %}
                {% do hints.append(hint) %}
                {% do print(hint) %}
            {% endif %}
            {% for sample in refused_samples(
                refused_lines, table["table_name"], rule["rule"], 3
            ).rows %}
                {% do print(
                    "    " ~ sample["source_file"] ~ " line "
                    ~ (sample["line_number"] or "unknown") ~ ": " ~ sample["row_text"]
                ) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {% do print(
        "Mend the file, or allow more: VARS='{max_quarantined_pct: 100}' with make, --vars with dbt."
    ) %}
{% endmacro %}

{#- What a broken rule tells about the whole file, and what mends it; nothing where it tells none. -#}
{% macro refusal_hint(staging, table_name, rule) %}
    {% if rule in ("rating_off_scale", "rating_between_steps") %}
        {% do return(scale_hint(staging["ratings"])) %}
    {% elif rule == "timestamp_in_future" %}
        {% set epoch = {"ratings": "rated_epoch", "tags": "tagged_epoch"}[table_name] %}
        {% do return(time_unit_hint(staging[table_name], epoch)) %}
    {% endif %}
{% endmacro %}

{#- The scale that the ratings seem to have. A value that less than a thousandth of them have does
    not count. -#}
{% macro scale_hint(ratings) %}
    {% set counted = "select rating, count(*) as rating_count from " ~ ratings
        ~ " where rating is not null group by rating having count(*) > 1" %}
    {% set values = run_query(
        "with counted as (" ~ counted ~ ") select rating from counted"
        ~ " where rating_count * 1000 >= (select sum(rating_count) from counted) order by rating"
    ).columns[0].values() | map("float") | list %}
    {% set steps = [] %}
    {% for step in [1, 0.5, 0.25, 0.1, 0.05, 0.01] if values | length > 1 %}
        {% set between = [] %}
        {% for value in values %}
            {% set steps_up = (value - values[0]) / step %}
            {% do between.append(value) if (steps_up - steps_up | round) | abs > 1e-6 %}
        {% endfor %}
        {% do steps.append(step) if not between %}
    {% endfor %}
    {% if steps and (
        values[0] < var("rating_min") or values[-1] > var("rating_max")
        or steps[0] < var("rating_step")
    ) %}
        {% set scale = ("%g" % values[0], "%g" % values[-1], "%g" % steps[0]) %}
        {% do return(
            "    The ratings run from %s to %s in steps of %s. If that is their scale:\n" % scale
            ~ "    VARS='{rating_min: %s, rating_max: %s, rating_step: %s}'" % scale
        ) %}
    {% endif %}
{% endmacro %}

{#- The unit of most times in the future. Seconds have 10 digits, finer units 13, 16 or 19. -#}
{% macro time_unit_hint(rows, epoch) %}
    {% set unit = run_query(
        "select case when " ~ epoch ~ " >= 1e17 then 'nanoseconds'"
        ~ " when " ~ epoch ~ " >= 1e14 then 'microseconds'"
        ~ " when " ~ epoch ~ " >= 1e11 then 'milliseconds' else 'seconds' end as unit"
        ~ " from " ~ rows ~ " where broken_rule = 'timestamp_in_future'"
        ~ " group by 1 order by count(*) desc limit 1"
    ).rows[0]["unit"] %}
    {% set divisors = {"milliseconds": 1000, "microseconds": 1000000, "nanoseconds": 1000000000} %}
    {% if unit in divisors %}
        {% do return(
            "    The times look like " ~ unit ~ ", where seconds since 1970 are expected:\n"
            ~ "    divide each timestamp by " ~ divisors[unit] ~ "."
        ) %}
    {% endif %}
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
