-- The deviation of the population; `rating_summary` has the sample's.
select
    column_name,
    mean,
    std * sqrt(cast(count - 1 as double) / count) as std
from {{ ref("rating_summary") }}
