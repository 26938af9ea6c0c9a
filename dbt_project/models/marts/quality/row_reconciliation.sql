-- Each count comes from a relation of its own, so that their sum proves that no line was lost.
with refused_counts as (
    select * from {{ ref("int_refused_counts") }}
),

ratings as (
    select * from {{ ref("fct_ratings") }}
),

duplicate_ratings as (
    select * from {{ ref("duplicate_ratings") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

tags as (
    select * from {{ ref("fct_tags") }}
),

checked_tags as (
    select * from {{ ref("int_tags_checked") }}
),

links as (
    select * from {{ ref("int_links_checked") }}
),

tables as (
    select
        'ratings' as table_name,
        (select count(*) from ratings) as accepted_count,
        (select coalesce(sum(rating_count - 1), 0) from duplicate_ratings) as merged_count
    union all
    select
        'movies' as table_name,
        (select count(*) from movies) as accepted_count,
        0 as merged_count
    union all
    select
        'tags' as table_name,
        (select count(*) from tags) as accepted_count,
        (
            select count(*)
            from checked_tags
            where broken_rule is null and occurrence > 1
        ) as merged_count
    union all
    select
        'links' as table_name,
        (
            select count(*)
            from links
            where broken_rule is null
        ) as accepted_count,
        0 as merged_count
),

counted as (
    select
        tables.table_name,
        tables.accepted_count,
        tables.merged_count,
        coalesce(refused_counts.read_count, 0) as read_count,
        coalesce(refused_counts.refused_count, 0) as quarantined_count,
        coalesce(refused_counts.rejected_count, 0) as rejected_count
    from tables
    left join refused_counts
        on tables.table_name = refused_counts.table_name
),

final as (
    select
        table_name,
        cast(read_count as bigint) as read_count,
        cast(accepted_count as bigint) as accepted_count,
        cast(merged_count as bigint) as merged_count,
        cast(quarantined_count as bigint) as quarantined_count,
        cast(rejected_count as bigint) as rejected_count,
        cast(read_count - accepted_count - merged_count - quarantined_count as bigint) as unexplained_count
    from counted
)

select * from final
