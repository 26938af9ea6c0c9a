select
    user_id,
    row_number() over (order by user_id) - 1 as user_code
from {{ ref("dim_users") }}
order by user_code
