-- A user's rows are summed before the join with the user's slices, so that fewer rows are joined.
select
    protocol,
    model,
    user_id,
    {{ sums_of_rows("ratings") }}
from {{ ref("int_judged_predictions") }}
group by protocol, model, user_id
