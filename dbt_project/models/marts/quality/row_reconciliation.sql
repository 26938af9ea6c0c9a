{{ config(post_hook="{{ stop_if_too_many_refused() }}") }}

-- Each count comes from another relation, so that the sum proves that no line was lost.
with loads as (
    select * from {{ ref("stg_loads") }}
),

rejected_lines as (
    select * from {{ ref("stg_rejected_lines") }}
),

refused_lines as (
    select * from {{ ref("int_refused_lines") }}
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

read_lines as (
    select
        table_name,
        sum(line_count) as read_count
    from loads
    group by table_name
),

rejected as (
    select
        table_name,
        count(*) as rejected_count
    from rejected_lines
    group by table_name
),

refused as (
    select
        table_name,
        count(*) as quarantined_count
    from refused_lines
    group by table_name
),

counted as (
    select
        tables.table_name,
        coalesce(read_lines.read_count, 0) as read_count,
        tables.accepted_count,
        tables.merged_count,
        coalesce(refused.quarantined_count, 0) as quarantined_count,
        coalesce(rejected.rejected_count, 0) as rejected_count
    from tables
    left join read_lines
        on tables.table_name = read_lines.table_name
    left join refused
        on tables.table_name = refused.table_name
    left join rejected
        on tables.table_name = rejected.table_name
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
