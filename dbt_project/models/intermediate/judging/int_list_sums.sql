{{ config(materialized="table") }}

with accuracy as (
    select
        *,
        -- A list as a whole has qualities, and its user has slices too.
        case when slice = 'all' then user_id end as whole_user_id
    from {{ ref("int_list_accuracy") }}
),

qualities as (
    select * from {{ ref("int_list_qualities") }}
),

user_slices as (
    select * from {{ ref("int_user_slices") }}
),

test_users as (
    select * from {{ ref("int_test_users") }}
),

in_slices as (
    select
        accuracy.protocol,
        coalesce(user_slices.slice, accuracy.slice) as slice,
        accuracy.model,
        test_users.block,
        accuracy.ndcg,
        accuracy.recall,
        accuracy.reciprocal_rank,
        accuracy.is_hit,
        qualities.novelty,
        qualities.diversity,
        qualities.popularity_bias
    from accuracy
    inner join test_users
        on
            accuracy.protocol = test_users.protocol
            and accuracy.user_id = test_users.user_id
    left join user_slices
        on
            accuracy.protocol = user_slices.protocol
            and accuracy.whole_user_id = user_slices.user_id
    left join qualities
        on
            accuracy.protocol = qualities.protocol
            and accuracy.model = qualities.model
            and accuracy.whole_user_id = qualities.user_id
),

final as (
    select
        protocol,
        slice,
        model,
        block,
        {{ sums_of_rows("lists") }}
    from in_slices
    group by protocol, slice, model, block
)

select * from final
