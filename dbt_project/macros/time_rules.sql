{#- The branches of a `case` that name what is wrong with a time; a missing time breaks none. -#}
{% macro time_rules(epoch, timestamp) -%}
    when {{ epoch }} < 0 or {{ timestamp }} < cast('{{ var("earliest_rated_at") }}' as timestamp)
                then 'timestamp_too_early'
            when {{ epoch }} is not null and coalesce({{ timestamp }} > loaded_at, true)
                then 'timestamp_in_future'
{%- endmacro %}
