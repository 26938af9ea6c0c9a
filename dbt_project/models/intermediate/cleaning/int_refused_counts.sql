with loads as (
    select * from {{ source("raw", "loads") }}
),

rejected_lines as (
    select * from {{ ref("stg_rejected_lines") }}
),

refused_lines as (
    select * from {{ ref("int_refused_lines") }}
),

read_lines as (
    select
        table_name,
        sum(line_count) as read_count
    from loads
    group by table_name
),

rejected as (
    select
        table_name,
        count(*) as rejected_count
    from rejected_lines
    group by table_name
),

refused as (
    select
        table_name,
        count(*) as refused_count
    from refused_lines
    group by table_name
),

final as (
    select
        read_lines.table_name,
        read_lines.read_count,
        coalesce(rejected.rejected_count, 0) as rejected_count,
        coalesce(refused.refused_count, 0) as refused_count
    from read_lines
    left join rejected
        on read_lines.table_name = rejected.table_name
    left join refused
        on read_lines.table_name = refused.table_name
)

select * from final
