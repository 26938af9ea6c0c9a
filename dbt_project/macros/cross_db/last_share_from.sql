{#- The timestamp from which on this share of a group's rows lies. -#}
{% macro last_share_from(timestamp, share) -%}
    {{ return(adapter.dispatch("last_share_from")(timestamp, share)) }}
{%- endmacro %}

{% macro default__last_share_from(timestamp, share) -%}
    percentile_disc({{ share }}) within group (order by {{ timestamp }} desc)
{%- endmacro %}

{% macro spark__last_share_from(timestamp, share) -%}
    timestamp_micros(
        cast(percentile_disc({{ share }}) within group (order by unix_micros({{ timestamp }}) desc) as bigint)
    )
{%- endmacro %}
