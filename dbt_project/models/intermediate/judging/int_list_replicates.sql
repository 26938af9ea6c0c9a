{#- The metrics, of sums over the judged users of a slice. -#}
{% set metrics = {
    "ndcg@10": "ndcg / user_count",
    "recall@20": "recall / user_count",
    "mrr": "reciprocal_rank / user_count",
    "hit_rate@10": "hit_count / user_count",
    "novelty@20": safe_divide("novelty", "novelty_count"),
    "intra_list_diversity@20": safe_divide("diversity", "diversity_count"),
    "popularity_bias@20": safe_divide("popularity_bias", "popularity_bias_count"),
    "coverage@20": "coverage",
    "gini@20": "gini",
} %}

with sums as (
    select * from {{ ref("int_list_sums") }}
),

weights as (
    select * from {{ ref("int_replicate_weights") }}
),

exposures as (
    select * from {{ ref("int_list_exposures") }}
),

metrics as (
    {% for metric in metrics -%}
        select '{{ metric }}' as metric{{ " union all" if not loop.last }}
    {% endfor %}
),

drawn as (
    select
        sums.protocol,
        sums.slice,
        sums.model,
        weights.replicate,
        sum(weights.weight * sums.user_count) as user_count,
        sum(weights.weight * sums.ndcg) as ndcg,
        sum(weights.weight * sums.recall) as recall,
        sum(weights.weight * sums.reciprocal_rank) as reciprocal_rank,
        sum(weights.weight * sums.hit_count) as hit_count,
        sum(weights.weight * sums.novelty_count) as novelty_count,
        sum(weights.weight * sums.novelty) as novelty,
        sum(weights.weight * sums.diversity_count) as diversity_count,
        sum(weights.weight * sums.diversity) as diversity,
        sum(weights.weight * sums.popularity_bias_count) as popularity_bias_count,
        sum(weights.weight * sums.popularity_bias) as popularity_bias
    from sums
    inner join weights
        on sums.block = weights.block
    group by sums.protocol, sums.slice, sums.model, weights.replicate
),

final as (
    select
        drawn.protocol,
        drawn.slice,
        drawn.model,
        metrics.metric,
        drawn.replicate,
        cast(drawn.user_count as bigint) as row_count,
        case metrics.metric
            {% for metric, expression in metrics.items() -%}
                when '{{ metric }}' then {{ expression }}
            {% endfor %}
        end as value
    from drawn
    cross join metrics
    left join exposures
        on
            drawn.protocol = exposures.protocol
            and drawn.model = exposures.model
            and drawn.replicate = exposures.replicate
            and drawn.slice = 'all'
)

select * from final
