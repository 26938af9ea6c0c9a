{{ config(materialized="view") }}

{{ beside_published(ref("int_raw_figures")) }}
