"""What the gates expect of the figures in ``gates.*``, with the bounds and their reasons.

Each gate has a suite per relation. An expectation sees the rows that its condition chooses; where
there are none, it does not apply. Importing this module imports Great Expectations.
"""

from typing import Any

from great_expectations.expectations.core.expect_column_pair_values_a_to_be_greater_than_b import (
    ExpectColumnPairValuesAToBeGreaterThanB,
)
from great_expectations.expectations.core.expect_column_pair_values_to_be_equal import (
    ExpectColumnPairValuesToBeEqual,
)
from great_expectations.expectations.core.expect_column_values_to_be_between import (
    ExpectColumnValuesToBeBetween,
)
from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
    ExpectColumnValuesToBeInSet,
)
from great_expectations.expectations.core.expect_column_values_to_not_be_null import (
    ExpectColumnValuesToNotBeNull,
)
from great_expectations.expectations.row_conditions import PassThroughCondition


def expect(
    kind: type[Any],
    name: str,
    *,
    what: str,
    applies: str,
    reason: str,
    row: str,
    where: str = "",
    **arguments: Any,
) -> Any:
    """Make an expectation that a gate can judge, explain and accept by name.

    Args:
        kind: A class of Great Expectations that looks at each row.
        name: The expectation's name.
        what: What is measured or holds, in words.
        applies: When there is something to judge, in words.
        reason: Why the bounds are where they are.
        row: Says of a row what was found; columns stand in braces.
        where: Which rows are looked at, as pandas writes it.
        arguments: Columns and bounds, as the class names them.
    """
    return kind(
        **arguments,
        row_condition=PassThroughCondition(pass_through_filter=where) if where else None,
        description=f"{name}: {what}",
        notes=reason,
        meta={"name": name, "what": what, "applies": applies, "row": row, "where": where},
    )


def raw_figures() -> list[Any]:
    """Hold volume and genres of the raw tables to what was published of the same dataset."""
    return [
        expect(
            ExpectColumnValuesToBeBetween,
            "raw_rows_kept_pct",
            column="kept_pct",
            min_value=66.7,
            where="figure == 'raw_rows' and published_value >= 1000",
            what="rows of a raw table, in % of the published state's",
            applies="from 1,000 published rows of a table of the same dataset on",
            reason="A dataset grows, or loses what its keepers correct. A third of a table is no"
            " correction but a cut download or a lost file.",
            row="{subject}: {value:,.0f} rows, published {published_value:,.0f}",
        ),
        expect(
            ExpectColumnValuesToNotBeNull,
            "raw_genre_movies_before",
            column="published_value",
            where="figure == 'raw_genre_movies' and value > 0 and published_basis_count >= 1000",
            what="movies that a genre had in the published state: at least 1",
            applies="from 1,000 published movies of the same dataset on",
            reason="A genre that no movie had is mostly a new spelling of an old one, and splits it"
            " in every answer by genre.",
            row="{subject}: {value:,.0f} movies, such as {example}",
        ),
    ]


def mean_rating_shift() -> list[Any]:
    """Hold the mean rating to what was published of the same dataset."""
    return [
        expect(
            ExpectColumnValuesToBeBetween,
            "raw_mean_rating_shift",
            column="shift",
            max_value=1,
            where="published_rating_count >= 1000",
            what="how far the mean rating moved, in deviations of the published monthly means",
            applies="from 1,000 published ratings of the same dataset on",
            reason="The mean is taken over all months, so that new ones move it by much less than"
            " months differ. Their deviation counts as at least a tenth of the ratings' own: where"
            " there is no time, or one month, chance alone moves the mean of 1,000 ratings by a"
            " third of that.",
            row="mean rating {mean_rating:.3f}, published {published_mean_rating:.3f},"
            " deviation of its months {published_deviation:.3f}",
        ),
    ]


def mart_figures() -> list[Any]:
    """Hold the marts' volume, the shares of ratings, activity and the tail of popularity."""
    return [
        expect(
            ExpectColumnValuesToBeBetween,
            "core_rows_kept_pct",
            column="kept_pct",
            min_value=66.7,
            where="figure == 'core_rows' and published_value >= 1000",
            what="rows of a core table, in % of the published state's",
            applies="from 1,000 published rows of a table of the same dataset on",
            reason="As for raw tables: if those kept their rows and the core tables did not, a rule"
            " or a variable refuses or merges what it took before.",
            row="{subject}: {value:,.0f} rows, published {published_value:,.0f}",
        ),
        expect(
            ExpectColumnValuesToBeBetween,
            "rating_pct",
            column="value",
            max_value=95,
            where="figure == 'rating_pct' and basis_count >= 1000",
            what="share of a rating value, in % of all ratings",
            applies="from 1,000 ratings on",
            reason="Where nearly all ratings are the same there is no preference to learn; a column"
            " of defaults looks like that. In MovieLens no value has more than 35.",
            row="rating {subject}: {value:.1f}% of {basis_count:,.0f} ratings",
        ),
        expect(
            ExpectColumnValuesToBeBetween,
            "rating_pct_shift",
            column="difference",
            max_value=10,
            where="figure == 'rating_pct' and published_basis_count >= 1000",
            what="how far a rating value's share moved, in points of per cent",
            applies="from 1,000 published ratings of the same dataset on",
            reason="Even when MovieLens brought in half stars, no value's share of all ratings"
            " moved so far from one release to the next. Another rounding or scale moves several by"
            " more, and may leave the mean as it is.",
            row="rating {subject}: {value:.1f}% of the ratings, {difference:.1f} points from what"
            " was published",
        ),
        expect(
            ExpectColumnValuesToBeBetween,
            "top_user_pct",
            column="value",
            max_value=20,
            where="figure == 'top_user_pct' and basis_count >= 100",
            what="share of the most active user, in % of all ratings",
            applies="from 100 users on",
            reason="The most active of 600 MovieLens users has 3. A fifth of all ratings by one of"
            " a hundred users is a script, or ids that were merged.",
            row="user {subject}: {value:.1f}% of all ratings",
        ),
        expect(
            ExpectColumnValuesToBeBetween,
            "popular_movies_pct",
            column="value",
            min_value=2.5,
            max_value=80,
            where="figure == 'popular_movies_pct' and basis_count >= 1000",
            what="share of the hundredth of movies that is rated most, in % of all ratings",
            applies="from 1,000 rated movies with 10 ratings each on the average on",
            reason="Popularity has a long tail: in MovieLens 11 to 40. If movies were rated by"
            " chance it would be below 2; if ids were cut or merged, nearly all.",
            row="the most rated hundredth of {basis_count:,.0f} movies has {value:.1f}% of the"
            " ratings; movie {example} has the most",
        ),
    ]


def shown_runs() -> list[Any]:
    """Hold what is shown to runs on the present data."""
    return [
        expect(
            ExpectColumnPairValuesToBeEqual,
            "run_is_on_present_data",
            column_A="run_fingerprint",
            column_B="data_fingerprint",
            ignore_row_if="neither",
            what="what is shown comes from a run on the data as they are now",
            applies="once a model was trained on these data",
            reason="Predictions of ratings that have changed since are not wrong to look at, and"
            " wrong.",
            row="{relation_name} shows {run_id}, trained on {run_fingerprint:.8}, and the data are"
            " {data_fingerprint:.8}",
        ),
    ]


def predicted_runs() -> list[Any]:
    """Hold predictions to the scale and to the ratings' spread."""
    applies = "once a model that predicts ratings was trained"
    enough = "role != 'baseline' and prediction_count >= 1000"
    return [
        expect(
            ExpectColumnPairValuesToBeEqual,
            "missing_predictions",
            column_A="prediction_count",
            column_B="row_count",
            what="no prediction of a run is null, NaN or infinite",
            applies=applies,
            reason="A model owes every pair of user and movie a number, unknown ones too.",
            row="{model}, {protocol}: {prediction_count:,} of {row_count:,} predictions are"
            " numbers; one of user {missing_user_id:.0f} is not",
        ),
        expect(
            ExpectColumnValuesToBeBetween,
            "prediction_off_scale",
            column="off_scale",
            max_value=1e-6,
            what="how far a run's predictions leave the rating scale, in stars",
            applies=applies,
            reason="Nobody can give such a rating. The millionth is for rounding to single"
            " precision.",
            row="{model}, {protocol}: {lowest:.4g} to {highest:.4g}, and the scale is"
            " {scale_min:.4g} to {scale_max:.4g}",
        ),
        expect(
            ExpectColumnValuesToBeBetween,
            "prediction_spread_pct",
            column="spread_pct",
            min_value=20,
            max_value=110,
            where=enough,
            what="deviation of a run's predictions, in % of the ratings' own",
            applies="from 1,000 predictions of a run on",
            reason="A good prediction spreads less than ratings do, by what cannot be known: 40 to"
            " 65 on MovieLens. Next to nothing means that a model collapsed to the mean, more than"
            " the ratings' own that it does not shrink what it guesses. Baselines are left out: the"
            " reference's matrix factorisation has no biases, so it has nothing to go by for whom"
            " it does not know, and shows just that.",
            row="{model}, {protocol}: deviation {deviation:.3f}, of the ratings"
            " {rating_deviation:.3f}",
        ),
        expect(
            ExpectColumnValuesToBeBetween,
            "clipped_excess",
            column="clipped_excess",
            max_value=5,
            where=enough,
            what="share of a run's predictions at the ends of the scale beyond that of ratings, in"
            " points of per cent",
            applies="from 1,000 predictions of a run on",
            reason="Predictions are more moderate than ratings, so that fewer stand at the ends."
            " More of them come from a model that overshot and was cut. Baselines are left out, for"
            " the same reason as above.",
            row="{model}, {protocol}: {clipped_pct:.1f}% at the ends of the scale, of the ratings"
            " {ends_pct:.1f}%",
        ),
    ]


def baseline_errors() -> list[Any]:
    """Hold the model that serves predicted ratings to the baseline that it starts from."""
    return [
        expect(
            ExpectColumnPairValuesAToBeGreaterThanB,
            "error_over_baseline_pct",
            column_A="baseline_rmse",
            column_B="rmse_ci_low",
            or_equal=True,
            where="row_count >= 1000 and baseline_rmse > 0",
            what="the RMSE of the model that serves, the lower end of its interval, is at most that"
            " of `user_movie_biases`",
            applies="from 1,000 judged ratings of that model on",
            reason="It is these biases and a product of factors: if the factors make it worse"
            " beyond chance, they were fitted wrongly.",
            row="{model}, {protocol}: RMSE {rmse:.4f}, from {rmse_ci_low:.4f} on, and of the biases"
            " {baseline_rmse:.4f}",
        ),
    ]


def list_lengths() -> list[Any]:
    """Hold each user's list to its length."""
    return [
        expect(
            ExpectColumnValuesToBeInSet,
            "list_length",
            column="movie_count",
            value_set=[20],
            what="movies in a user's list of a fit that serves: 20",
            applies="once lists were made, for users who have 20 rated movies left to see",
            reason="Who asks for 20 movies gets 20. A shorter list, or none, is a user or movies"
            " that a model lost.",
            row="{model}: {user_count:,} users have {movie_count} movies, such as user"
            " {first_user_id}",
        ),
    ]


def listed_movies() -> list[Any]:
    """Hold lists to variety."""
    return [
        expect(
            ExpectColumnValuesToBeBetween,
            "movies_listed_pct",
            column="listed_pct",
            min_value=0.5,
            where="user_count >= 100",
            what="movies in any list of a fit that serves, in % of those that lists could hold",
            applies="from 100 users with lists on",
            reason="Good lists show about a tenth of 9,000 MovieLens movies, or of 60,000 a few in"
            " a hundred. Below this all users see the same few.",
            row="{model}: {movie_count:,} movies in the lists of {user_count:,} users,"
            " {rated_movie_count:,} were rated",
        ),
        expect(
            ExpectColumnValuesToBeBetween,
            "top_listed_movie_pct",
            column="top_pct",
            max_value=80,
            where="user_count >= 100",
            what="share of the users whose list holds one movie, in %",
            applies="from 100 users with lists on",
            reason="Even the most popular movie was seen by many, and is not for everybody else."
            " One that nearly all lists hold, they hold whatever the user likes.",
            row="{model}: movie {top_movie_id:.0f}, {top_title}, is in {top_list_count:,.0f} of"
            " {user_count:,} lists",
        ),
    ]


def gates() -> dict[str, dict[str, list[Any]]]:
    """Make the expectations, by gate and relation, in the order of the borders.

    Great Expectations gives each an identity in a session, so that another session needs its own.
    """
    return {
        "raw": {
            "gates.raw_figures": raw_figures(),
            "gates.mean_rating_shift": mean_rating_shift(),
        },
        "marts": {"gates.mart_figures": mart_figures()},
        "predictions": {
            "gates.shown_runs": shown_runs(),
            "gates.predicted_runs": predicted_runs(),
            "gates.baseline_errors": baseline_errors(),
            "gates.list_lengths": list_lengths(),
            "gates.listed_movies": listed_movies(),
        },
    }
