"""The predictions: of the present data, varied, on the scale, and worth their while."""

from typing import TYPE_CHECKING

from expectations.measures import Measure, suite_of

if TYPE_CHECKING:
    import great_expectations as gx

# A run's predictions by their moments and extremes, all of which NaN would spoil.
RUNS = """
    with finite as (
        select run_id, prediction, user_id, movie_id
        from ml.rating_predictions
        where isfinite(prediction)
    ),
    runs as (
        select
            current_runs.model || coalesce(', ' || current_runs.protocol, '') as run,
            current_runs.model,
            count(*) as prediction_count,
            stddev_pop(finite.prediction) as deviation,
            min(finite.prediction) as least,
            max(finite.prediction) as greatest,
            100.0 * avg(
                case
                    when finite.prediction <= summary.scale_min then 1
                    when finite.prediction >= summary.scale_max then 1
                    else 0
                end
            ) as clipped_pct,
            any_value(summary.scale_min) as scale_min,
            any_value(summary.scale_max) as scale_max
        from finite
        inner join intermediate.int_current_runs as current_runs
            on finite.run_id = current_runs.run_id
        cross join analytics.dataset_summary as summary
        group by current_runs.model, current_runs.protocol
    )
"""

LISTS = """
    with makers as (
        select distinct runs.model
        from ml.runs as runs
        where runs.run_id in (select run_id from ml.recommendations)
    ),
    serving as (
        select current_runs.run_id, current_runs.model
        from intermediate.int_current_runs as current_runs
        inner join makers on current_runs.model = makers.model
        where current_runs.protocol is null
    ),
    lists as (
        select serving.model, listed.user_id, listed.movie_id
        from ml.recommendations as listed
        inner join serving on listed.run_id = serving.run_id
    ),
    sizes as (
        select model, count(distinct user_id) as user_count
        from lists
        group by model
    )
"""

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
        with predictions as (
            select
                current_runs.model || coalesce(', ' || current_runs.protocol, '') as run,
                predictions.user_id,
                predictions.movie_id,
                not coalesce(isfinite(predictions.prediction), false) as is_missing
            from ml.rating_predictions as predictions
            inner join intermediate.int_current_runs as current_runs
                on predictions.run_id = current_runs.run_id
        )
        select
            format('{}: {:,} of {:,}', run, count(*) filter (where is_missing), count(*))
            || coalesce(
                format(
                    ', such as of user {} and movie {}',
                    min(user_id) filter (where is_missing),
                    arg_min(movie_id, user_id) filter (where is_missing)
                ),
                ''
            ) as subject,
            count(*) filter (where is_missing) as value
        from predictions
        group by run
        order by value desc, run
        """,
    ),
    Measure(
        "prediction_off_scale",
        f"""
        {RUNS}
        select
            format(
                '{{}}: {{:.4g}} to {{:.4g}}, and the scale is {{:.4g}} to {{:.4g}}',
                run, least, greatest, scale_min, scale_max
            ) as subject,
            greatest(scale_min - least, greatest - scale_max, 0) as value
        from runs
        order by value desc, run
        """,
    ),
    Measure(
        "prediction_spread_pct",
        f"""
        {RUNS},
        ratings as (
            select stddev_pop(rating) as deviation from core.fct_ratings
        )
        select
            format(
                '{{}}: deviation {{:.3f}}, of the ratings {{:.3f}}',
                runs.run, runs.deviation, ratings.deviation
            ) as subject,
            100.0 * runs.deviation / ratings.deviation as value
        from runs
        cross join ratings
        where
            runs.model <> 'matrix_factorisation'
            and runs.prediction_count >= $from_count
            and ratings.deviation > 0
        order by value, runs.run
        """,
    ),
    Measure(
        "clipped_excess",
        f"""
        {RUNS},
        ratings as (
            select sum(rating_pct) as ends_pct
            from analytics.rating_distribution
            cross join analytics.dataset_summary
            where rating in (scale_min, scale_max)
        )
        select
            format(
                '{{}}: {{:.1f}}% at the ends of the scale, of the ratings {{:.1f}}%',
                runs.run, runs.clipped_pct, coalesce(ratings.ends_pct, 0)
            ) as subject,
            runs.clipped_pct - coalesce(ratings.ends_pct, 0) as value
        from runs
        cross join ratings
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
        f"""
        {LISTS},
        lengths as (
            select model, user_id, count(*) as movie_count from lists group by model, user_id
        ),
        rated as (
            select count(distinct movie_id) as movie_count from core.fct_ratings
        ),
        users as (
            select serving.model, users.user_id
            from core.dim_users as users
            cross join rated
            cross join serving
            where rated.movie_count - users.rating_count >= $from_count
        )
        select
            format(
                '{{}}: {{:,}} users have {{}} movies, such as user {{}}',
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
        f"""
        {LISTS},
        shown as (
            select model, count(distinct movie_id) as movie_count, count(*) as place_count
            from lists
            group by model
        ),
        rated as (
            select count(distinct movie_id) as movie_count from core.fct_ratings
        )
        select
            format(
                '{{}}: {{:,}} movies in the lists of {{:,}} users, {{:,}} were rated',
                shown.model, shown.movie_count, sizes.user_count, rated.movie_count
            ) as subject,
            100.0 * shown.movie_count / least(rated.movie_count, shown.place_count) as value
        from shown
        inner join sizes on shown.model = sizes.model
        cross join rated
        where sizes.user_count >= $from_count
        order by value, shown.model
        """,
    ),
    Measure(
        "top_listed_movie_pct",
        f"""
        {LISTS},
        movies as (
            select
                model,
                movie_id,
                count(*) as list_count,
                row_number() over (partition by model order by count(*) desc, movie_id)
                    as row_number
            from lists
            group by model, movie_id
        )
        select
            format(
                '{{}}: movie {{}}, {{}}, is in {{:,}} of {{:,}} lists',
                movies.model,
                movies.movie_id,
                coalesce(titles.title, 'without title'),
                movies.list_count,
                sizes.user_count
            ) as subject,
            100.0 * movies.list_count / sizes.user_count as value
        from movies
        inner join sizes on movies.model = sizes.model
        left join core.dim_movies as titles on movies.movie_id = titles.movie_id
        where movies.row_number <= 3 and sizes.user_count >= $from_count
        order by value desc, movies.model
        """,
    ),
)


def suite() -> "gx.ExpectationSuite":
    """Hold predictions and lists to the data, the scale, the ratings' spread and the baseline."""
    return suite_of("predictions", MEASURES)
