select distinct
    protocol,
    model
from {{ ref("int_judged_lists") }}
