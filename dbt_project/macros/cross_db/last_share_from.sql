{#- The time at which the last `share` of a group's rows begins. -#}
{% macro last_share_from(timestamp, share) -%}
    {{ return(adapter.dispatch("last_share_from")(timestamp, share)) }}
{%- endmacro %}

{% macro default__last_share_from(timestamp, share) -%}
    percentile_disc({{ share }}) within group (order by {{ timestamp }} desc)
{%- endmacro %}

{% macro spark__last_share_from(timestamp, share) -%}
    cast(
        timestamp_micros(cast(
            percentile_disc({{ share }}) within group (
                order by unix_micros(cast({{ timestamp }} as timestamp_ltz)) desc
            ) as bigint
        )) as timestamp
    )
{%- endmacro %}
