"""The metrics of predictions, their intervals and comparisons: the SQL against loops."""

import math
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson
from sklearn.metrics import r2_score

from tests.dbt_project.compiled import Compiled
from tests.dbt_project.judging import (
    REPLICATES,
    Case,
    Judging,
    Key,
    Predicted,
    Rated,
    assert_metrics,
    drawn_times,
    naive_rating_metrics,
    naive_weights,
)
from tests.pipeline import Pipeline

RATING_METRICS = {
    *("mse", "rmse", "mae", "r2", "bias"),
    *("interval_coverage", "interval_width", "unknown_share"),
}
PROTOCOLS = ("random", "temporal", "last")
Z = 1.959964


@pytest.fixture(scope="module")
def whole(compiled: Compiled) -> Iterator[Judging]:
    """The judging with all of its replicates."""
    judging = Judging.of(compiled)
    with judging.connection:
        yield judging


def judge(judging: Judging, case: Case) -> dict[int, dict[Key, tuple[float, int]]]:
    """The metrics of predictions in each replicate."""
    return judging.judge(case, RATING_METRICS)


users = st.integers(1, 5)
movies = st.integers(1, 9)
stars = st.integers(1, 10).map(lambda halves: halves / 2)
splits = st.sampled_from(["train", "validation", "test", "test"])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Few users, movies and steps, so that equal ratings and empty slices are common."""
    rated = draw(
        st.dictionaries(
            st.tuples(users, movies),
            st.tuples(stars, splits),
            min_size=draw(st.sampled_from([0, 12])),
            max_size=35,
        )
    )
    ratings = [Rated(*key, *row) for key, row in rated.items()]
    tested = [(row.user, row.movie) for row in ratings if row.split == "test"]
    some = st.floats(0.5, 5, allow_nan=False)
    return Case(
        ratings=ratings,
        predictions={
            "plain": {key: Predicted(draw(some)) for key in tested},
            "unsure": {
                key: Predicted(draw(some), *sorted((draw(stars), draw(stars)))) for key in tested
            },
        },
        genres=draw(st.dictionaries(movies, st.sets(st.sampled_from("ABC"), min_size=1))),
        segments=draw(st.dictionaries(users, st.integers(0, 1))),
    )


def random_case(random: Random, n_users: int) -> Case:
    """Users with a bias of their own and a few to many test rows, predicted by two models."""
    ratings, one, other = [], {}, {}
    for user in range(1, n_users + 1):
        bias = random.gauss(0, 0.5)
        for movie in range(random.randint(1, 12)):
            rating = min(5, max(0.5, round(2 * random.gauss(3.5 + bias, 1)) / 2))
            ratings.append(Rated(user, movie, rating, "test"))
            one[user, movie] = Predicted(random.gauss(3.5, 0.1))
            other[user, movie] = Predicted(one[user, movie].prediction + random.gauss(0, 0.3))
    return Case(ratings, {"one": one, "other": other})


class TestRatingMetrics:
    @settings(max_examples=10, deadline=None)
    @given(case=cases())
    def test_equal_naive_loops_in_every_replicate(self, judging: Judging, case: Case) -> None:
        found = judge(judging, case)
        for replicate in range(REPLICATES + 1):
            expected = naive_rating_metrics(case, naive_weights(case, replicate))
            assert_metrics(found.get(replicate, {}), expected)

    def test_r2_is_that_of_scikit_learn(self, judging: Judging) -> None:
        case = random_case(Random(0), 20)
        rated = {(row.user, row.movie): row.rating for row in case.ratings}
        predicted = [case.predictions["one"][key].prediction for key in rated]
        value, count = judge(judging, case)[0]["last", "all", "one", "r2"]
        assert value == pytest.approx(r2_score(list(rated.values()), predicted), rel=1e-9)
        assert count == len(rated)

    def test_r2_of_equal_ratings_has_no_row(self, judging: Judging) -> None:
        ratings = [Rated(1, movie, 3.5, "test") for movie in range(7)]
        metrics = judge(judging, Case(ratings))[0]
        assert {key[3] for key in metrics} == {"mse", "rmse", "mae", "bias", "unknown_share"}

    def test_a_slice_without_test_rows_has_no_row(self, judging: Judging) -> None:
        ratings = [Rated(1, 1, 3, "test"), Rated(2, 2, 3, "train")]
        metrics = judge(judging, Case(ratings, genres={1: {"War"}, 2: {"Drama"}}))[0]
        assert {key[1] for key in metrics} == {"all", "users: new", "movies: new", "genre: War"}

    def test_of_nothing_is_nothing(self, judging: Judging) -> None:
        judging.give(Case([]))
        assert judging.rows("from predictions.model_leaderboard") == []
        assert judging.rows("from predictions.model_comparisons") == []


class TestBootstrap:
    def test_weights_are_quantiles_of_the_poisson_distribution(self, whole: Judging) -> None:
        drawn = {
            (block, replicate): weight
            for block, replicate, weight in whole.rows(
                "select block, replicate, weight from intermediate.int_replicate_weights"
            )
        }
        for block in range(1, 1001):
            for replicate in range(0, 201, 20):
                expected = drawn_times(block, replicate)
                assert drawn.get((block, replicate), 0) == expected
        counts = np.bincount([weight for (_, replicate), weight in drawn.items() if replicate])
        counts[0] = 200_000 - counts.sum()
        expected = 200_000 * poisson.pmf(range(len(counts)), 1)
        assert ((counts - expected) ** 2 / expected)[:6].sum() < 20.5  # one in a thousand

    def test_each_replicate_draws_about_as_many_as_there_are(self, whole: Judging) -> None:
        totals = whole.rows(
            "select replicate, sum(weight) from intermediate.int_replicate_weights group by all"
        )
        assert len(totals) == 201
        # Five standard deviations of a sum of 1,000
        assert all(abs(total - 1000) < 5 * math.sqrt(1000) for _, total in totals)

    def test_many_users_are_drawn_in_a_thousand_blocks_of_equal_size(self, whole: Judging) -> None:
        whole.give(Case([Rated(user, 1, 3, "test") for user in range(1, 2501)]))
        sizes = whole.rows(
            "select block, count(*) from intermediate.int_test_users group by all order by all"
        )
        assert [block for block, _ in sizes] == list(range(1, 1001))
        assert {size for _, size in sizes} == {2, 3}

    @pytest.mark.parametrize("n_users", [60, 2500], ids=["of users", "of blocks"])
    def test_intervals_are_those_of_the_linearised_variance(
        self, whole: Judging, n_users: int
    ) -> None:
        case = random_case(Random(n_users), n_users)
        whole.give(case)
        rows = pd.DataFrame(
            [
                (row.user, case.predictions["one"][row.user, row.movie].prediction - row.rating)
                for row in case.ratings
            ],
            columns=["user_id", "error"],
        )
        for metric, losses in {
            "mse": rows["error"] ** 2,
            "mae": rows["error"].abs(),
            "bias": rows["error"],
        }.items():
            ((value, low, high),) = whole.rows(
                "select value, ci_low, ci_high from predictions.model_leaderboard"
                f" where model = 'one' and metric = '{metric}' and slice = 'all'"
            )
            assert value == pytest.approx(losses.mean(), rel=1e-9)
            assert value - low == pytest.approx(high - value, rel=1e-9)
            # 200 replicates know a standard deviation to 5 in 100
            assert high - value == pytest.approx(margin(rows["user_id"], losses), rel=0.15)

    def test_no_interval_leaves_what_a_metric_can_be(self, whole: Judging) -> None:
        ratings = [Rated(user, 1, 1 + 4 * (user == 1), "test") for user in range(1, 5)]
        shown = {
            "two": {
                (row.user, 1): Predicted(1, 0, 1 + (user == 1)) for user, row in enumerate(ratings)
            }
        }
        whole.give(Case(ratings, shown))
        bounds = {
            metric: (low, high)
            for metric, low, high in whole.rows(
                "select metric, ci_low, ci_high from predictions.model_leaderboard"
                " where model = 'two' and slice = 'all'"
            )
        }
        assert bounds["mse"][0] == 0
        assert bounds["rmse"][0] == 0
        assert bounds["interval_coverage"][1] == 1
        assert bounds["bias"][1] > 0
        assert bounds["r2"][0] < 0


def margin(users: pd.Series, losses: pd.Series) -> float:
    """Half the 95% interval of a mean over rows whose users are drawn independently.

    The linearised variance of a ratio of sums: Cochran, Sampling Techniques (1977), section 6.3.
    """
    by_user = losses.groupby(users).agg(["sum", "count"])
    deviations = by_user["sum"] - losses.mean() * by_user["count"]
    n = len(by_user)
    return float(Z * math.sqrt(n / (n - 1) * (deviations**2).sum()) / len(losses))


class TestComparisons:
    def test_are_differences_replicate_by_replicate(self, whole: Judging) -> None:
        case = random_case(Random(1), 30)
        whole.give(case)
        replicates = [
            naive_rating_metrics(case, naive_weights(case, replicate)) for replicate in range(201)
        ]
        rows = whole.rows(
            "select protocol, metric, model, other_model, difference, ci_low, ci_high, is_clear,"
            " row_count from predictions.model_comparisons"
        )
        assert len(rows) == 3 * 6  # three pairs, six metrics
        for protocol, metric, model, other, difference, low, high, is_clear, count in rows:
            differences = [
                metrics[protocol, "all", model, metric][0]
                - metrics[protocol, "all", other, metric][0]
                for metrics in replicates
            ]
            spread = Z * np.std(differences[1:], ddof=1)
            assert difference == pytest.approx(differences[0], rel=1e-9)
            assert high - difference == pytest.approx(spread, rel=1e-6)
            assert difference - low == pytest.approx(spread, rel=1e-6)
            assert is_clear == (low > 1e-9 or high < -1e-9)
            assert count == len(case.ratings)

    def test_are_narrower_than_two_intervals_where_models_err_alike(self, whole: Judging) -> None:
        whole.give(random_case(Random(2), 200))
        ((difference, high),) = whole.rows(
            "select difference, ci_high from predictions.model_comparisons"
            " where model = 'one' and other_model = 'other' and metric = 'mse'"
        )
        margins = whole.rows(
            "select ci_high - value from predictions.model_leaderboard"
            " where model in ('one', 'other') and metric = 'mse' and slice = 'all'"
        )
        assert high - difference < 0.5 * math.hypot(*(margin for (margin,) in margins))

    def test_models_of_other_rows_are_not_compared(self, judging: Judging) -> None:
        case = random_case(Random(3), 10)
        del case.predictions["other"][1, 0]
        judging.give(case)
        assert judging.rows(
            "select distinct model, other_model from predictions.model_comparisons"
        ) == [("always_3", "one")]


@pytest.fixture(scope="module")
def sample_errors(sample: Pipeline) -> pd.DataFrame:
    """The sample's test rows with each model's error."""
    with sample.connect() as connection:
        return pd.concat(
            connection.execute(
                f"""
                select
                    runs.model, runs.protocol, user_id, movie_id, splits.rating,
                    predictions.prediction - splits.rating as error,
                    (select count(*) from features.rating_splits as others
                     where others.movie_id = splits.movie_id and others.{protocol}_split = 'train')
                    as movie_count
                from ml.rating_predictions as predictions
                inner join ml.runs using (run_id)
                inner join features.rating_splits as splits using (user_id, movie_id)
                where runs.protocol = '{protocol}' and splits.{protocol}_split = 'test'
                """
            ).df()
            for protocol in PROTOCOLS
        )


def leaderboard(sample: Pipeline, metric: str, name: str) -> dict[Any, tuple]:
    """Value, margin and row count by model and protocol."""
    return {
        (model, protocol): tuple(rest)
        for model, protocol, *rest in sample.rows(
            "select model, protocol, value, ci_high - value, row_count"
            f" from predictions.model_leaderboard where metric = '{metric}' and slice = '{name}'"
        )
    }


class TestSample:
    def test_the_leaderboard_is_what_the_test_rows_give(
        self, sample: Pipeline, sample_errors: pd.DataFrame
    ) -> None:
        dramas = [
            movie
            for (movie,) in sample.rows(
                "select movie_id from core.bridge_movie_genres where genre = 'Drama'"
            )
        ]
        for name, rows in {
            "all": sample_errors,
            "genre: Drama": sample_errors[sample_errors["movie_id"].isin(dramas)],
            "movies: rare": sample_errors[sample_errors["movie_count"].between(1, 9)],
        }.items():
            found = {metric: leaderboard(sample, metric, name) for metric in ("rmse", "mae", "r2")}
            for key, part in rows.groupby(["model", "protocol"]):
                spread = ((part["rating"] - part["rating"].mean()) ** 2).sum()
                expected = {
                    "rmse": math.sqrt((part["error"] ** 2).mean()),
                    "mae": part["error"].abs().mean(),
                    "r2": 1 - (part["error"] ** 2).sum() / spread,
                }
                for metric, value in expected.items():
                    assert found[metric][key][0] == pytest.approx(value, rel=1e-9), (key, metric)
                    assert found[metric][key][2] == len(part)

    def test_intervals_are_those_of_the_linearised_variance(
        self, sample: Pipeline, sample_errors: pd.DataFrame
    ) -> None:
        for metric, loss in {"mse": np.square, "mae": np.abs, "bias": np.positive}.items():
            found = leaderboard(sample, metric, "all")
            for key, part in sample_errors.groupby(["model", "protocol"]):
                expected = margin(part["user_id"], loss(part["error"]))
                assert found[key][1] == pytest.approx(expected, rel=0.15), (key, metric)

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_the_baselines_are_what_loops_over_the_training_rows_give(
        self, sample: Pipeline, protocol: str
    ) -> None:
        rows = sample.rows(
            f"select user_id, movie_id, rating, {protocol}_split from features.rating_splits"
        )
        train = [row for row in rows if row[3] == "train"]
        mean = sum(row[2] for row in train) / len(train)
        movie_sums: dict[int, list[float]] = {}
        for _, movie, rating, _ in train:
            movie_sums.setdefault(movie, []).append(rating - mean)
        movie_bias = {movie: sum(rest) / (len(rest) + 3) for movie, rest in movie_sums.items()}
        user_sums: dict[int, list[float]] = {}
        for user, movie, rating, _ in train:
            user_sums.setdefault(user, []).append(rating - mean - movie_bias[movie])
        user_bias = {user: sum(rest) / (len(rest) + 6) for user, rest in user_sums.items()}
        errors: dict[str, list[float]] = {"global_mean": [], "user_movie_biases": []}
        for user, movie, rating, split in rows:
            if split == "test":
                biased = mean + movie_bias.get(movie, 0) + user_bias.get(user, 0)
                errors["global_mean"].append(mean - rating)
                errors["user_movie_biases"].append(min(5.0, max(0.5, biased)) - rating)
        found = leaderboard(sample, "rmse", "all")
        for model, differences in errors.items():
            expected = math.sqrt(sum(d * d for d in differences) / len(differences))
            assert found[model, protocol][0] == pytest.approx(expected, rel=1e-9)

    def test_every_pair_of_models_is_compared_once(self, sample: Pipeline) -> None:
        for metric in ("rmse", "ndcg@10"):
            models = {model for model, _ in leaderboard(sample, metric, "all")}
            pairs = sample.rows(
                "select protocol, model, other_model from predictions.model_comparisons"
                f" where metric = '{metric}'"
            )
            expected = {
                (protocol, one, other)
                for protocol in PROTOCOLS
                for one in models
                for other in models
                if one < other
            }
            assert len(pairs) == len(set(pairs))
            assert set(pairs) == expected
