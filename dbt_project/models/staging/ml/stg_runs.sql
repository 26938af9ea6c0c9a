with source as (
    select * from {{ source("ml", "runs") }}
),

final as (
    select
        run_id,
        model,
        started_at,
        finished_at,
        params,
        code_version,
        data_fingerprint,
        protocol,
        seed
    from source
)

select * from final
