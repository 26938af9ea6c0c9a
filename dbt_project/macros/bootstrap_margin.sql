{#- Half the width of a value's 95% interval. Replicates from 1 on say what other users would give. -#}
{% macro bootstrap_margin(value) -%}
    {{ normal_95() }} * coalesce(stddev_samp(case when replicate > 0 then {{ value }} end), 0)
{%- endmacro %}
