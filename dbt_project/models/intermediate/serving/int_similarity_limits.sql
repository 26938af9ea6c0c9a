with similarities as (
    select * from {{ ref("int_movie_similarities") }}
),

final as (
    select
        movie_id,
        {{ nth_largest("similarity", var("list_length")) }} as similarity
    from similarities
    where similarity is not null
    group by movie_id
)

select * from final
