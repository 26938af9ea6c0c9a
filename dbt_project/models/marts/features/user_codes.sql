with users as (
    select * from {{ ref("dim_users") }}
),

final as (
    select
        user_id,
        row_number() over (order by user_id) - 1 as user_code
    from users
)

select * from final
order by user_code
