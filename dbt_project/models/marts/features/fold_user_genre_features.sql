-- A view: its one reader needs one protocol, and as a table it would be the warehouse's largest.
{{ config(materialized=published_view()) }}

with movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

users as (
    select * from {{ ref("fold_user_features") }}
),

sums as (
    {%- for protocol in protocols() + ["serving"] %}
        select
            '{{ protocol }}' as protocol,
            ratings.fold,
            ratings.user_id,
            movie_genres.genre,
            count(*) as rating_count,
            sum(ratings.rating) as rating_sum
        from {{ ref("rating_splits") }} as ratings
        inner join movie_genres
            on ratings.movie_id = movie_genres.movie_id
        where ratings.{{ protocol }}_split = 'train'
        group by ratings.fold, ratings.user_id, movie_genres.genre
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

others as (
    select
        users.protocol,
        users.held_out_fold,
        users.user_id,
        sums.genre,
        users.mean_rating,
        sum(sums.rating_count) as rating_count,
        sum(sums.rating_sum) as rating_sum
    from sums
    inner join users
        on
            sums.protocol = users.protocol
            and sums.fold != users.held_out_fold
            and sums.user_id = users.user_id
    group by users.protocol, users.held_out_fold, users.user_id, sums.genre, users.mean_rating
),

final as (
    select
        protocol,
        held_out_fold,
        user_id,
        genre,
        cast(rating_count as bigint) as rating_count,
        {{ affinity("rating_sum", "rating_count", "mean_rating") }} as genre_affinity
    from others
)

select * from final
