with source as (
    select * from {{ source("raw", "rejected_lines") }}
),

loads as (
    select * from {{ source("raw", "loads") }}
)

select
    loads.table_name,
    source.source_file,
    source.line_number,
    source.error as rule,
    source.raw_line
from source
inner join loads
    on source.source_file = loads.source_file
