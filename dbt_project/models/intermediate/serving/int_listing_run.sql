with runs as (
    select * from {{ ref("int_current_runs") }}
),

-- The ranker chooses among the movies of all other lists, so it goes first.
choices as (
    select
        run_id,
        case model when 'ranker' then 1 when 'ease' then 2 end as place
    from runs
    where protocol is null
),

numbered as (
    select
        run_id,
        row_number() over (order by place) as row_number
    from choices
    where place is not null
),

final as (
    select run_id
    from numbered
    where row_number = 1
)

select * from final
