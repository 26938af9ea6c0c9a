{{ config(materialized="view") }}

{{ beside_published(ref("int_mart_figures")) }}
