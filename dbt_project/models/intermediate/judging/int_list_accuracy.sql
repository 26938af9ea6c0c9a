with lists as (
    select * from {{ ref("int_judged_lists") }}
),

models as (
    select * from {{ ref("int_list_makers") }}
),

relevant as (
    select * from {{ ref("int_relevant_slices") }}
),

relevant_counts as (
    select * from {{ ref("int_relevant_counts") }}
),

hits as (
    select
        lists.protocol,
        lists.model,
        lists.user_id,
        relevant.slice,
        sum(
            case when lists.rank <= {{ var("short_list_length") }} then 1 / log2(lists.rank + 1) else 0 end
        ) as gain,
        count(*) as hit_count,
        min(lists.rank) as first_rank
    from lists
    inner join relevant
        on
            lists.protocol = relevant.protocol
            and lists.user_id = relevant.user_id
            and lists.movie_id = relevant.movie_id
    group by lists.protocol, lists.model, lists.user_id, relevant.slice
),

-- The best gain there can be, by the number of relevant movies: the list begins with all of them.
ideal_gains as (
    select
        number + 1 as relevant_count,
        sum(1 / log2(number + 2)) over (order by number) as gain
    from {{ number_series(var("short_list_length")) }} as numbers
),

-- A user without a list counts as 0, and so does one whose list holds nothing relevant.
final as (
    select
        models.protocol,
        models.model,
        relevant_counts.user_id,
        relevant_counts.slice,
        coalesce(hits.gain, 0) / ideal_gains.gain as ndcg,
        coalesce(hits.hit_count, 0)
        / cast(least(relevant_counts.relevant_count, {{ var("list_length") }}) as double) as recall,
        coalesce(1 / cast(hits.first_rank as double), 0) as reciprocal_rank,
        case when hits.first_rank <= {{ var("short_list_length") }} then 1 else 0 end as is_hit
    from relevant_counts
    inner join models
        on relevant_counts.protocol = models.protocol
    inner join ideal_gains
        on least(relevant_counts.relevant_count, {{ var("short_list_length") }}) = ideal_gains.relevant_count
    left join hits
        on
            relevant_counts.protocol = hits.protocol
            and relevant_counts.user_id = hits.user_id
            and relevant_counts.slice = hits.slice
            and models.model = hits.model
)

select * from final
