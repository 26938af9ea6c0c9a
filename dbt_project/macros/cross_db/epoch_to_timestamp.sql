{#- Seconds since 1970 as a UTC timestamp; null outside the years 1 to 9999. -#}
{% macro epoch_to_timestamp(seconds) -%}
    {{ return(adapter.dispatch("epoch_to_timestamp")(seconds)) }}
{%- endmacro %}

{% macro default__epoch_to_timestamp(seconds) -%}
    case
        when {{ seconds }} between -62135596800 and 253402300799
            then make_timestamp({{ seconds }} * 1000000)
    end
{%- endmacro %}

{% macro spark__epoch_to_timestamp(seconds) -%}
    case
        when {{ seconds }} between -62135596800 and 253402300799
            then cast(timestamp_seconds({{ seconds }}) as timestamp)
    end
{%- endmacro %}
