select
    protocol,
    user_id,
    slice,
    count(*) as relevant_count
from {{ ref("int_relevant_slices") }}
group by protocol, user_id, slice
