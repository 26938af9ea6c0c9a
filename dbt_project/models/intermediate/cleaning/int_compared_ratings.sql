-- Ratings that another may replace. Of all ratings, a hash finds them: it is cheaper to group by
-- than the ids. Few others share a hash; each is alone in its partition, and kept as its first row.
{{ config(materialized="table") }}

-- depends_on: {{ ref("int_refused_counts") }}
-- depends_on: {{ ref("stg_ratings") }}
-- depends_on: {{ ref("stg_changed_ratings") }}
with ratings as (
    select * from {{ ref("int_ratings_checked") }}
),

{% if builds_changes() %}
    candidates as (
        select
            ratings.user_id,
            ratings.movie_id,
            ratings.rating,
            ratings.rated_at,
            ratings.source_file,
            ratings.line_number,
            ratings.broken_rule
        from ratings
        inner join {{ ref("stg_changed_ratings") }} as changed
            on
                ratings.user_id = changed.user_id
                and ratings.movie_id = changed.movie_id
    ),
{% else %}
    repeated as (
        select {{ row_hash(["user_id", "movie_id"]) }} as pair_hash
        from {{ ref("stg_ratings") }}
        group by {{ row_hash(["user_id", "movie_id"]) }}
        having count(*) > 1
    ),

    candidates as (
        select
            ratings.user_id,
            ratings.movie_id,
            ratings.rating,
            ratings.rated_at,
            ratings.source_file,
            ratings.line_number,
            ratings.broken_rule
        from ratings
        inner join repeated
            on {{ row_hash(["ratings.user_id", "ratings.movie_id"]) }} = repeated.pair_hash
    ),
{% endif %}

final as (
    select
        user_id,
        movie_id,
        rating,
        rated_at,
        source_file,
        line_number,
        count(*) over (partition by user_id, movie_id) as rating_count,
        row_number() over (
            partition by user_id, movie_id
            order by {{ duplicate_order() }}
        ) as row_number
    from candidates
    where broken_rule is null
)

select * from final
