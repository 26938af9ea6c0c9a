{%- set cell_count = 60 -%}

with runs as (
    select * from {{ ref("current_runs") }}
),

segments as (
    select * from {{ source("ml", "user_segments") }}
),

profiles as (
    select * from {{ ref("segment_profiles") }}
),

placed as (
    select
        segments.run_id,
        segments.segment,
        segments.x,
        segments.y
    from segments
    inner join runs
        on segments.run_id = runs.run_id
    where runs.role = 'segments' and runs.serves
),

ranges as (
    select
        run_id,
        min(x) as x_min,
        (max(x) - min(x)) / {{ cell_count }} as x_width,
        min(y) as y_min,
        (max(y) - min(y)) / {{ cell_count }} as y_width
    from placed
    group by run_id
),

-- The largest value is in the last cell; where all are equal there is one cell without width.
in_cells as (
    select
        placed.run_id,
        placed.segment,
        ranges.x_min,
        ranges.x_width,
        ranges.y_min,
        ranges.y_width,
        coalesce(
            least(
                floor({{ safe_divide("(placed.x - ranges.x_min)", "ranges.x_width") }}), {{ cell_count - 1 }}
            ),
            0
        ) as x_cell,
        coalesce(
            least(
                floor({{ safe_divide("(placed.y - ranges.y_min)", "ranges.y_width") }}), {{ cell_count - 1 }}
            ),
            0
        ) as y_cell
    from placed
    inner join ranges
        on placed.run_id = ranges.run_id
),

cells as (
    select
        run_id,
        segment,
        x_min + x_cell * x_width as x_lower,
        x_min + (x_cell + 1) * x_width as x_upper,
        y_min + y_cell * y_width as y_lower,
        y_min + (y_cell + 1) * y_width as y_upper,
        count(*) as user_count
    from in_cells
    group by run_id, segment, x_min, x_width, x_cell, y_min, y_width, y_cell
),

final as (
    select
        cells.run_id,
        cells.segment,
        profiles.name,
        cells.x_lower,
        cells.x_upper,
        cells.y_lower,
        cells.y_upper,
        cells.user_count
    from cells
    inner join profiles
        on
            cells.run_id = profiles.run_id
            and cells.segment = profiles.segment
)

select * from final
order by segment, x_lower, y_lower
