{{ config(materialized="table") }}

with accuracy as (
    select * from {{ ref("int_list_accuracy") }}
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
        user_slices.slice,
        accuracy.model,
        accuracy.user_id,
        accuracy.ndcg,
        accuracy.recall,
        accuracy.reciprocal_rank,
        accuracy.is_hit,
        qualities.novelty,
        qualities.diversity,
        qualities.popularity_bias
    from accuracy
    inner join user_slices
        on
            accuracy.protocol = user_slices.protocol
            and accuracy.user_id = user_slices.user_id
    left join qualities
        on
            accuracy.protocol = qualities.protocol
            and accuracy.model = qualities.model
            and accuracy.user_id = qualities.user_id
    where accuracy.slice = 'all'
    union all
    select
        protocol,
        slice,
        model,
        user_id,
        ndcg,
        recall,
        reciprocal_rank,
        is_hit,
        cast(null as double) as novelty,
        cast(null as double) as diversity,
        cast(null as double) as popularity_bias
    from accuracy
    where slice != 'all'
),

final as (
    select
        in_slices.protocol,
        in_slices.slice,
        in_slices.model,
        test_users.block,
        {{ sums_of_rows("lists") }}
    from in_slices
    inner join test_users
        on
            in_slices.protocol = test_users.protocol
            and in_slices.user_id = test_users.user_id
    group by in_slices.protocol, in_slices.slice, in_slices.model, test_users.block
)

select * from final
