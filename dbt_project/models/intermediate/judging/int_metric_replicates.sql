{{ config(materialized="table") }}

with rating_sums as (
    select * from {{ ref("int_rating_sums") }}
),

list_sums as (
    select * from {{ ref("int_list_sums") }}
),

exposures as (
    select * from {{ ref("int_list_exposures") }}
),

weights as (
    select * from {{ ref("int_replicate_weights") }}
),

drawn_ratings as (
    select
        sums.protocol,
        sums.slice,
        sums.model,
        weights.replicate,
        {{ sums_of_sums("ratings", "weights.weight") }}
    from rating_sums as sums
    inner join weights
        on sums.block = weights.block
    group by sums.protocol, sums.slice, sums.model, weights.replicate
),

drawn_lists as (
    select
        sums.protocol,
        sums.slice,
        sums.model,
        weights.replicate,
        {{ sums_of_sums("lists", "weights.weight") }}
    from list_sums as sums
    inner join weights
        on sums.block = weights.block
    group by sums.protocol, sums.slice, sums.model, weights.replicate
),

drawn_exposures as (
    select
        drawn_lists.protocol,
        drawn_lists.slice,
        drawn_lists.model,
        drawn_lists.replicate,
        drawn_lists.row_count,
        exposures.coverage,
        exposures.gini
    from drawn_lists
    inner join exposures
        on
            drawn_lists.protocol = exposures.protocol
            and drawn_lists.model = exposures.model
            and drawn_lists.replicate = exposures.replicate
    where drawn_lists.slice = 'all'
),

names as (
    {% for metric in metrics() -%}
        select
            '{{ metric.kind }}' as kind,
            '{{ metric.name }}' as metric
        {{ "union all" if not loop.last }}
    {% endfor %}
),

-- The rows of each kind are read once: Spark computes a step anew for each place that reads it.
replicates as (
    {% for kind in ["ratings", "lists", "exposures"] -%}
        select
            drawn.protocol,
            drawn.slice,
            drawn.model,
            names.metric,
            drawn.replicate,
            drawn.row_count,
            case names.metric
                {% for metric in metrics() if metric.kind == kind -%}
                    when '{{ metric.name }}' then {{ metric.formula }}
                {% endfor %}
            end as value
        from drawn_{{ kind }} as drawn
        inner join names
            on names.kind = '{{ kind }}'
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from replicates
where value is not null
