with sums as (
    select * from {{ ref("int_fold_movie_sums") }}
),

held_out as (
    select cast(number as integer) as held_out_fold
    from {{ number_series(6) }}
),

final as (
    select
        sums.protocol,
        held_out.held_out_fold,
        cast(sum(sums.rating_count) as bigint) as rating_count,
        sum(sums.rating_sum) / sum(sums.rating_count) as mean_rating
    from sums
    inner join held_out
        on sums.fold != held_out.held_out_fold
    group by sums.protocol, held_out.held_out_fold
)

select * from final
order by protocol, held_out_fold
