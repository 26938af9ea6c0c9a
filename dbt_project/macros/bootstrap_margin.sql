{#- Half the 95% interval of a value whose replicates from 1 on say what other users would have given. -#}
{% macro bootstrap_margin(value) -%}
    1.959964 * coalesce(stddev_samp(case when replicate > 0 then {{ value }} end), 0)
{%- endmacro %}
