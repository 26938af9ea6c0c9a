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

blocks as (
    select * from {{ ref("int_user_blocks") }}
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
        blocks.block,
        count(*) as user_count,
        sum(in_slices.ndcg) as ndcg,
        sum(in_slices.recall) as recall,
        sum(in_slices.reciprocal_rank) as reciprocal_rank,
        cast(sum(in_slices.is_hit) as bigint) as hit_count,
        count(in_slices.novelty) as novelty_count,
        coalesce(sum(in_slices.novelty), 0) as novelty,
        count(in_slices.diversity) as diversity_count,
        coalesce(sum(in_slices.diversity), 0) as diversity,
        count(in_slices.popularity_bias) as popularity_bias_count,
        coalesce(sum(in_slices.popularity_bias), 0) as popularity_bias
    from in_slices
    inner join blocks
        on
            in_slices.protocol = blocks.protocol
            and in_slices.user_id = blocks.user_id
    group by in_slices.protocol, in_slices.slice, in_slices.model, blocks.block
)

select * from final
