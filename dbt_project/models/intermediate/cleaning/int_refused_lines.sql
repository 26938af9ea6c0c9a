with rejected as (
    select * from {{ ref("stg_rejected_lines") }}
),

quarantined as (
    select * from {{ ref("quarantined_rows") }}
)

select
    table_name,
    source_file,
    line_number,
    rule,
    raw_line as row_text
from rejected
union all
select
    table_name,
    source_file,
    line_number,
    rule,
    row_json as row_text
from quarantined
