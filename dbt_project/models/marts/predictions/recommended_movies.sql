with runs as (
    select * from {{ ref("current_runs") }}
),

recommendations as (
    select * from {{ source("ml", "recommendations") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

popularity as (
    select * from {{ ref("most_rated_movies") }}
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

-- One model orders the lists and another predicts the ratings, so the two need not agree.
predicted as (
    select
        recommendations.run_id,
        recommendations.user_id,
        recommendations.rank,
        recommendations.movie_id,
        movies.title,
        movies.genres,
        recommendations.score,
        coalesce(recommendations.reason, 'popular: ' || popularity.rated_by) as reason,
        predicting_run.half_width,
        case
            when user_vectors.run_id = movie_vectors.run_id
                then {{ predicted_rating("user_vectors", "movie_vectors") }}
        end as prediction
    from recommendations
    inner join runs
        on recommendations.run_id = runs.run_id
    inner join movies
        on recommendations.movie_id = movies.movie_id
    left join user_vectors
        on recommendations.user_id = user_vectors.user_id
    left join movie_vectors
        on recommendations.movie_id = movie_vectors.movie_id
    left join predicting_run
        on movie_vectors.run_id = predicting_run.run_id
    left join popularity
        on recommendations.movie_id = popularity.movie_id
    where runs.role = 'lists' and runs.serves
),

-- A bound that is null stays null; clipping it to the scale would make it a number.
final as (
    select
        run_id,
        user_id,
        rank,
        movie_id,
        title,
        genres,
        score,
        reason,
        prediction,
        case when prediction - half_width is not null then {{ clip_to_scale("prediction - half_width") }} end
            as lower_bound,
        case when prediction + half_width is not null then {{ clip_to_scale("prediction + half_width") }} end
            as upper_bound
    from predicted
)

select * from final
order by user_id, rank
