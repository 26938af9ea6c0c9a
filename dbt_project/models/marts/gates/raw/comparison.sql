{{ config(materialized=published_view()) }}

with loads as (
    select * from {{ source("raw", "loads") }}
),

published as (
    select * from {{ source("published", "figures") }}
),

present as (
    select coalesce(max(dataset), '') as dataset
    from loads
)

select
    present.dataset,
    case
        when not exists (select 1 from published) then 'nothing was published before'
        when exists (
            select 1
            from published
            where published.dataset is null
        ) then 'what is published cannot be read by this release'
        when not exists (
            select 1
            from published
            where published.dataset = present.dataset
        ) then 'another dataset is published'
    end as no_comparison
from present
