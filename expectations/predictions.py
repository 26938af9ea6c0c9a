"""The predictions: of the present data, varied, on the scale, and worth their while."""

from typing import TYPE_CHECKING

from expectations.measures import Measure, suite_of

if TYPE_CHECKING:
    import great_expectations as gx

# What several measures read, computed once. NaN would spoil moments and extremes.
STEPS = {
    "gate_runs": """
        with predictions as (
            select
                current_runs.model || ', ' || current_runs.protocol as run,
                current_runs.model,
                predictions.user_id,
                predictions.movie_id,
                case when isfinite(predictions.prediction) then predictions.prediction end
                    as prediction
            from ml.rating_predictions as predictions
            inner join predictions.current_runs as current_runs
                on predictions.run_id = current_runs.run_id
        )
        select
            run,
            model,
            count(*) as row_count,
            count(prediction) as prediction_count,
            min(user_id) filter (where prediction is null) as missing_user_id,
            arg_min(movie_id, user_id) filter (where prediction is null) as missing_movie_id,
            stddev_pop(prediction) as deviation,
            min(prediction) as least,
            max(prediction) as greatest,
            100.0 * count(prediction) filter (
                where prediction <= scale_min or prediction >= scale_max
            ) / count(prediction) as clipped_pct,
            any_value(scale_min) as scale_min,
            any_value(scale_max) as scale_max
        from predictions
        cross join analytics.dataset_summary
        group by run, model
    """,
    "gate_ratings": """
        select stddev_pop(rating) as deviation, count(distinct movie_id) as movie_count
        from core.fct_ratings
    """,
    "gate_lists": """
        with makers as (
            select distinct runs.model
            from ml.runs as runs
            where runs.run_id in (select run_id from ml.recommendations)
        ),
        serving as (
            select current_runs.run_id, current_runs.model
            from predictions.current_runs as current_runs
            inner join makers on current_runs.model = makers.model
            where current_runs.protocol = 'serving'
        )
        select serving.model, listed.user_id, listed.movie_id
        from serving
        left join ml.recommendations as listed on serving.run_id = listed.run_id
    """,
    "gate_list_sizes": """
        select model, count(distinct user_id) as user_count
        from gate_lists
        group by model
    """,
}

MEASURES = (
    Measure(
        "run_is_on_present_data",
        """
        with shown as (
            select 'model_leaderboard' as relation, run_id from predictions.model_leaderboard
            union
            select 'current_recommendations', run_id from predictions.current_recommendations
            union
            select 'feature_importances', run_id from predictions.feature_importances
            union
            select 'rating_cluster_profiles', run_id from predictions.rating_cluster_profiles
        ),
        present as (
            select data_fingerprint from analytics.dataset_summary
        )
        select
            format(
                '{} shows {}, trained on {}, and the data are {}',
                shown.relation,
                shown.run_id,
                coalesce(left(runs.data_fingerprint, 8), 'nobody knows what'),
                left(present.data_fingerprint, 8)
            ) as subject,
            case when runs.data_fingerprint = present.data_fingerprint then 1 else 0 end as value
        from shown
        left join ml.runs as runs on shown.run_id = runs.run_id
        cross join present
        where shown.run_id is not null
        order by value, subject
        """,
    ),
    Measure(
        "missing_predictions",
        """
        select
            format('{}: {:,} of {:,}', run, row_count - prediction_count, row_count)
            || coalesce(
                format(', such as of user {} and movie {}', missing_user_id, missing_movie_id), ''
            ) as subject,
            row_count - prediction_count as value
        from gate_runs
        order by value desc, run
        """,
    ),
    Measure(
        "prediction_off_scale",
        """
        select
            format(
                '{}: {:.4g} to {:.4g}, and the scale is {:.4g} to {:.4g}',
                run, least, greatest, scale_min, scale_max
            ) as subject,
            greatest(scale_min - least, greatest - scale_max, 0) as value
        from gate_runs
        where prediction_count > 0
        order by value desc, run
        """,
    ),
    Measure(
        "prediction_spread_pct",
        """
        select
            format(
                '{}: deviation {:.3f}, of the ratings {:.3f}',
                runs.run, runs.deviation, ratings.deviation
            ) as subject,
            100.0 * runs.deviation / ratings.deviation as value
        from gate_runs as runs
        cross join gate_ratings as ratings
        where
            runs.model <> 'matrix_factorisation'
            and runs.prediction_count >= $from_count
            and ratings.deviation > 0
        order by value, runs.run
        """,
    ),
    Measure(
        "clipped_excess",
        """
        with ends as (
            select sum(rating_pct) as ends_pct
            from analytics.rating_distribution
            cross join analytics.dataset_summary
            where rating in (scale_min, scale_max)
        )
        select
            format(
                '{}: {:.1f}% at the ends of the scale, of the ratings {:.1f}%',
                runs.run, runs.clipped_pct, coalesce(ends.ends_pct, 0)
            ) as subject,
            runs.clipped_pct - coalesce(ends.ends_pct, 0) as value
        from gate_runs as runs
        cross join ends
        where runs.model <> 'matrix_factorisation' and runs.prediction_count >= $from_count
        order by value desc, runs.run
        """,
    ),
    Measure(
        "error_over_baseline_pct",
        """
        select
            format(
                '{}: RMSE {:.4f}, from {:.4f} on, and of the biases {:.4f}',
                judged.protocol, judged.value, judged.ci_low, baseline.value
            ) as subject,
            100.0 * (judged.ci_low / baseline.value - 1) as value
        from predictions.model_leaderboard as judged
        inner join predictions.model_leaderboard as baseline
            on
                judged.protocol = baseline.protocol
                and judged.metric = baseline.metric
                and judged.slice = baseline.slice
        where
            judged.model = 'embedding'
            and baseline.model = 'user_movie_biases'
            and judged.metric = 'rmse'
            and judged.slice = 'all'
            and judged.row_count >= $from_count
            and baseline.value > 0
        order by value desc, judged.protocol
        """,
    ),
    Measure(
        "list_length",
        """
        with lengths as (
            select model, user_id, count(*) as movie_count from gate_lists group by model, user_id
        ),
        users as (
            select sizes.model, users.user_id
            from core.dim_users as users
            cross join gate_ratings as rated
            cross join gate_list_sizes as sizes
            where rated.movie_count - users.rating_count >= $from_count
        )
        select
            format(
                '{}: {:,} users have {} movies, such as user {}',
                users.model,
                count(*),
                coalesce(lengths.movie_count, 0),
                min(users.user_id)
            ) as subject,
            coalesce(lengths.movie_count, 0) as value
        from users
        left join lengths on users.model = lengths.model and users.user_id = lengths.user_id
        group by users.model, coalesce(lengths.movie_count, 0)
        order by value, users.model
        """,
    ),
    Measure(
        "movies_listed_pct",
        """
        with shown as (
            select model, count(distinct movie_id) as movie_count, count(*) as place_count
            from gate_lists
            group by model
        )
        select
            format(
                '{}: {:,} movies in the lists of {:,} users, {:,} were rated',
                shown.model, shown.movie_count, sizes.user_count, rated.movie_count
            ) as subject,
            100.0 * shown.movie_count / least(rated.movie_count, shown.place_count) as value
        from shown
        inner join gate_list_sizes as sizes on shown.model = sizes.model
        cross join gate_ratings as rated
        where sizes.user_count >= $from_count
        order by value, shown.model
        """,
    ),
    Measure(
        "top_listed_movie_pct",
        """
        with movies as (
            select
                model,
                movie_id,
                count(*) as list_count,
                row_number() over (partition by model order by count(*) desc, movie_id)
                    as row_number
            from gate_lists
            group by model, movie_id
        )
        select
            format(
                '{}: movie {}, {}, is in {:,} of {:,} lists',
                movies.model,
                movies.movie_id,
                coalesce(titles.title, 'without title'),
                movies.list_count,
                sizes.user_count
            ) as subject,
            100.0 * movies.list_count / sizes.user_count as value
        from movies
        inner join gate_list_sizes as sizes on movies.model = sizes.model
        left join core.dim_movies as titles on movies.movie_id = titles.movie_id
        where movies.row_number <= 3 and sizes.user_count >= $from_count
        order by value desc, movies.model
        """,
    ),
)


def suite() -> "gx.ExpectationSuite":
    """Hold predictions and lists to the data, the scale, the ratings' spread and the baseline."""
    return suite_of("predictions", MEASURES)
