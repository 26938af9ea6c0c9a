with source as (
    select * from {{ source("raw", "loads") }}
),

final as (
    select
        source_file,
        table_name,
        bytes,
        sha256,
        line_count,
        accepted_count,
        rejected_count,
        loaded_at,
        dataset
    from source
)

select * from final
