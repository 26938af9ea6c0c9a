select
    sums.protocol,
    cast(held_out.number as integer) as held_out_fold,
    cast(sum(sums.rating_count) as bigint) as rating_count,
    sum(sums.rating_sum) / sum(sums.rating_count) as mean_rating
from {{ ref("int_fold_movie_sums") }} as sums
inner join {{ number_series(folds() | length + 1) }} as held_out
    on sums.fold != held_out.number
group by sums.protocol, held_out.number
order by sums.protocol, held_out_fold
