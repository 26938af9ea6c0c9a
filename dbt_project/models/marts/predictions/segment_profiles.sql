with runs as (
    select * from {{ ref("current_runs") }}
),

segments as (
    select * from {{ source("ml", "user_segments") }}
),

features as (
    select * from {{ ref("user_features") }}
),

traits as (
    select * from {{ ref("int_segment_traits") }}
),

means as (
    select
        segments.run_id,
        segments.segment,
        count(*) as user_count,
        avg(features.mean_rating) as mean_rating,
        avg(features.std_rating) as mean_std_rating,
        avg(features.half_star_pct) as mean_half_star_pct,
        avg(features.rating_count) as mean_rating_count,
        avg(features.span_days) as mean_span_days,
        avg(features.ratings_per_active_day) as mean_ratings_per_active_day,
        avg(features.mean_release_year) as mean_release_year,
        avg(features.old_affinity) as mean_old_affinity,
        avg(features.mean_obscurity_pct) as mean_obscurity_pct
    from segments
    inner join runs
        on segments.run_id = runs.run_id
    inner join features
        on segments.user_id = features.user_id
    where runs.role = 'segments' and runs.serves
    group by segments.run_id, segments.segment
),

words as (
    select
        run_id,
        segment,
        max(case when trait_rank = 1 then word end) as trait_1,
        max(case when trait_rank = 2 then word end) as trait_2,
        max(case when trait_rank = 3 then word end) as trait_3,
        {{ join_sorted("word", ", ") }} as sorted_words
    from traits
    where trait_rank <= 3
    group by run_id, segment
),

-- Segments with the same three words, in any order, are numbered; the largest bears no number.
names as (
    select
        run_id,
        segment,
        trait_1,
        trait_2,
        trait_3,
        coalesce(
            trait_1 || ', ' || trait_2 || ', ' || trait_3,
            trait_1 || ', ' || trait_2,
            trait_1,
            'average'
        ) as base_name,
        row_number() over (
            partition by run_id, sorted_words
            order by segment
        ) as twin_number
    from words
),

final as (
    select
        means.run_id,
        means.segment,
        names.base_name
        || case when names.twin_number > 1 then ' (' || names.twin_number || ')' else '' end as name,
        names.trait_1,
        names.trait_2,
        names.trait_3,
        means.user_count,
        100 * {{ safe_divide("means.user_count", "sum(means.user_count) over ()") }} as user_pct,
        means.mean_rating,
        means.mean_std_rating,
        means.mean_half_star_pct,
        means.mean_rating_count,
        means.mean_span_days,
        means.mean_ratings_per_active_day,
        means.mean_release_year,
        means.mean_old_affinity,
        means.mean_obscurity_pct
    from means
    inner join names
        on
            means.run_id = names.run_id
            and means.segment = names.segment
)

select * from final
order by segment
