{{ config(materialized=published_view()) }}

{{ beside_published(ref("int_mart_figures")) }}
