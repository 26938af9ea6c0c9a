{{ config(materialized="table") }}

with rating_replicates as (
    select * from {{ ref("int_rating_replicates") }}
),

list_replicates as (
    select * from {{ ref("int_list_replicates") }}
),

replicates as (
    select
        protocol,
        slice,
        model,
        metric,
        replicate,
        row_count,
        value
    from rating_replicates
    union all
    select
        protocol,
        slice,
        model,
        metric,
        replicate,
        row_count,
        value
    from list_replicates
),

final as (
    select
        protocol,
        slice,
        model,
        metric,
        replicate,
        row_count,
        value
    from replicates
    where value is not null
)

select * from final
