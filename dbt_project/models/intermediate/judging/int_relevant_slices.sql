with relevant as (
    select * from {{ ref("int_relevant_movies") }}
),

slices as (
    select
        protocol,
        movie_id,
        slice
    from {{ ref("int_movie_slices") }}
    union all
    select
        protocol,
        movie_id,
        'all' as slice
    from {{ ref("int_movie_popularity") }}
),

final as (
    select
        relevant.protocol,
        relevant.user_id,
        relevant.movie_id,
        slices.slice
    from relevant
    inner join slices
        on
            relevant.protocol = slices.protocol
            and relevant.movie_id = slices.movie_id
)

select * from final
