with listing_run as (
    select * from {{ ref("int_listing_run") }}
),

recommendations as (
    select * from {{ ref("stg_recommendations") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

predicting_run as (
    select * from {{ ref("int_predicting_run") }}
),

user_vectors as (
    select * from {{ ref("user_vectors") }}
),

movie_vectors as (
    select * from {{ ref("movie_vectors") }}
),

listed as (
    select
        recommendations.run_id,
        recommendations.user_id,
        recommendations.rank,
        recommendations.movie_id,
        recommendations.score,
        recommendations.reason
    from recommendations
    inner join listing_run
        on recommendations.run_id = listing_run.run_id
),

-- The order of a list is one model's, the predictions another's: they need not agree.
predicted as (
    select
        listed.user_id,
        listed.movie_id,
        predicting_run.half_width,
        {{ predicted_rating("user_vectors", "movie_vectors") }} as prediction
    from listed
    inner join user_vectors
        on listed.user_id = user_vectors.user_id
    inner join movie_vectors
        on listed.movie_id = movie_vectors.movie_id
    cross join predicting_run
),

with_bounds as (
    select
        user_id,
        movie_id,
        prediction,
        -- Cutting to the scale would make a number of a null.
        case
            when half_width is not null then {{ clip_to_scale("prediction - half_width") }}
        end as lower_bound,
        case
            when half_width is not null then {{ clip_to_scale("prediction + half_width") }}
        end as upper_bound
    from predicted
),

final as (
    select
        listed.run_id,
        listed.user_id,
        listed.rank,
        listed.movie_id,
        movies.title,
        movies.genres,
        listed.score,
        listed.reason,
        with_bounds.prediction,
        with_bounds.lower_bound,
        with_bounds.upper_bound
    from listed
    inner join movies
        on listed.movie_id = movies.movie_id
    left join with_bounds
        on
            listed.user_id = with_bounds.user_id
            and listed.movie_id = with_bounds.movie_id
)

select * from final
order by user_id, rank
