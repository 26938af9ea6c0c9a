"""The SQL that judges models, compiled once and run in memory, beside loops that say the same."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import combinations

import duckdb
import pandas as pd

from tests.dbt_project.compiled import Compiled, fill

Key = tuple[str, str, str, str]
"""Protocol, slice, model, metric."""

REPLICATES = 4
"""How many the fixture `judging` has."""

Weights = Mapping[int, int]
"""How often each user is drawn."""

# What the judging reads, with the columns of it that it needs.
GIVEN = {
    "int_protocol_ratings": (
        "protocol varchar, user_id bigint, movie_id bigint, rating double, split varchar"
    ),
    "current_runs": (
        "run_id varchar, model varchar, protocol varchar, role varchar, serves boolean,"
        " track varchar, fitted_to varchar"
    ),
    "recommendations": "run_id varchar, user_id bigint, rank bigint, movie_id bigint",
    "user_segments": "run_id varchar, user_id bigint, segment bigint",
    "bridge_movie_genres": "movie_id bigint, genre varchar",
    "int_baseline_predictions": (
        "model varchar, protocol varchar, user_id bigint, movie_id bigint, rating double,"
        " prediction double"
    ),
}
GOALS = ("model_leaderboard", "model_comparisons")


@dataclass(frozen=True)
class Rated:
    """A rating and the part it plays in the protocol."""

    user: int
    movie: int
    rating: float
    split: str


@dataclass(frozen=True)
class Predicted:
    """A prediction, with its interval where it has one."""

    prediction: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Case:
    """The ratings of a protocol, and what models made of them.

    Attributes:
        ratings: Each user and movie once.
        predictions: By model, by user and movie.
        lists: By model, by user: movies, the best first.
        genres: By movie.
        segments: By user.
    """

    ratings: list[Rated]
    predictions: dict[str, dict[tuple[int, int], Predicted]] = field(default_factory=dict)
    lists: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    genres: dict[int, set[str]] = field(default_factory=dict)
    segments: dict[int, int] = field(default_factory=dict)
    protocol: str = "last"

    def of(self, *splits: str) -> list[Rated]:
        return [row for row in self.ratings if row.split in splits]

    def test_users(self) -> list[int]:
        return sorted({row.user for row in self.of("test")})


@dataclass(frozen=True)
class Judging:
    """The judging in memory, as views over what is given to it."""

    connection: duckdb.DuckDBPyConnection

    @classmethod
    def of(cls, compiled: Compiled) -> "Judging":
        # Drawn once: nothing that is given changes the weights
        return cls(compiled.in_memory(*GOALS, given=GIVEN, tables=["int_replicate_weights"]))

    def limit_replicates(self, count: int) -> None:
        """Leave the last replicates out, so that loops are quick."""
        self.connection.execute(
            "delete from intermediate.int_replicate_weights where replicate > ?", [count]
        )

    def give(self, case: Case) -> None:
        """Put a case into the tables that the judging reads."""
        runs = {model: f"run of {model}" for model in (*case.predictions, *case.lists)}
        stars = {(row.user, row.movie): row.rating for row in case.ratings}
        rows: dict[str, list[tuple]] = {
            "intermediate.int_protocol_ratings": [
                (case.protocol, row.user, row.movie, row.rating, row.split) for row in case.ratings
            ],
            "predictions.current_runs": [
                *(
                    (run, model, case.protocol, "", False, None, None)
                    for model, run in runs.items()
                ),
                ("segments", "user_segments", "serving", "segments", True, None, None),
            ],
            "ml.rating_predictions": [
                (runs[model], user, movie, row.prediction, row.low, row.high, None)
                for model, predictions in case.predictions.items()
                for (user, movie), row in predictions.items()
            ],
            "ml.recommendations": [
                (runs[model], user, rank, movie)
                for model, lists in case.lists.items()
                for user, movies in lists.items()
                for rank, movie in enumerate(movies, start=1)
            ],
            "ml.user_segments": [
                ("segments", user, segment) for user, segment in case.segments.items()
            ],
            "core.bridge_movie_genres": [
                (movie, genre) for movie, genres in case.genres.items() for genre in sorted(genres)
            ],
            "intermediate.int_baseline_predictions": [
                ("always_3", case.protocol, row.user, row.movie, stars[row.user, row.movie], 3.0)
                for row in case.of("test")
            ],
        }
        fill(self.connection, {name: pd.DataFrame(values) for name, values in rows.items()})

    def replicates(self) -> dict[int, dict[Key, tuple[float, int]]]:
        """Compute all metrics of all replicates: value and row count."""
        found: dict[int, dict[Key, tuple[float, int]]] = defaultdict(dict)
        for *key, replicate, count, value in self.connection.execute(
            "select protocol, slice, model, metric, replicate, row_count, value"
            " from intermediate.int_metric_replicates"
        ).fetchall():
            found[replicate][tuple(key)] = (value, count)
        return dict(found)

    def judge(
        self, case: Case, metrics: Collection[str]
    ) -> dict[int, dict[Key, tuple[float, int]]]:
        """Compute some metrics of a case in each replicate."""
        self.give(case)
        return {
            replicate: {key: row for key, row in found.items() if key[3] in metrics}
            for replicate, found in self.replicates().items()
        }

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()


def drawn_times(block: int, replicate: int) -> int:
    """How often a replicate draws a block: the quantile of Poisson(1) at a hash's share of 2^32."""
    if replicate == 0:
        return 1
    share = int(hashlib.md5(f"{block}:{replicate}".encode()).hexdigest()[:8], 16) / 2**32
    count, reached = 0, math.exp(-1)
    while share >= reached and count < 7:
        count += 1
        reached += math.exp(-1) / math.factorial(count)
    return count


def naive_weights(case: Case, replicate: int) -> Weights:
    """Draw up to 1,000 users, each a block of its own."""
    ordered = sorted(
        case.test_users(), key=lambda user: (hashlib.md5(f"user {user}".encode()).hexdigest(), user)
    )
    return {user: drawn_times(block, replicate) for block, user in enumerate(ordered, start=1)}


def user_slices(case: Case, user: int) -> set[str]:
    trained = sum(row.user == user for row in case.of("train"))
    size = "new" if trained == 0 else "light" if trained < 50 else "heavy"
    segment = {f"segment: {case.segments[user]}"} if user in case.segments else set()
    return {"all", f"users: {size}"} | segment


def movie_slices(case: Case, movie: int) -> set[str]:
    trained = sum(row.movie == movie for row in case.of("train"))
    size = "new" if trained == 0 else "rare" if trained < 10 else "popular"
    return {f"movies: {size}"} | {f"genre: {genre}" for genre in case.genres.get(movie, ())}


def naive_rating_metrics(case: Case, weights: Weights) -> dict[Key, tuple[float, int]]:
    """Measure predictions by going through the test rows, a user's as often as drawn."""
    found: dict[Key, tuple[float, int]] = {}
    models = {**case.predictions, "always_3": defaultdict(lambda: Predicted(3.0))}
    users, movies = {row.user for row in case.of("train")}, {row.movie for row in case.of("train")}
    for model, predictions in models.items():
        in_slices: dict[str, list[tuple[float, Predicted]]] = defaultdict(list)
        unknown: Counter[str] = Counter()
        for row in case.of("test"):
            if model != "always_3" and (row.user, row.movie) not in predictions:
                continue
            for name in user_slices(case, row.user) | movie_slices(case, row.movie):
                for _ in range(weights[row.user]):
                    in_slices[name].append((row.rating, predictions[row.user, row.movie]))
                    unknown[name] += row.user not in users or row.movie not in movies
        for name, rows in in_slices.items():
            share = {"unknown_share": unknown[name] / len(rows)}
            for metric, value in (rating_metrics(rows) | share).items():
                found[case.protocol, name, model, metric] = (value, len(rows))
    return found


def rating_metrics(rows: list[tuple[float, Predicted]]) -> dict[str, float]:
    ratings = [rating for rating, _ in rows]
    errors = [row.prediction - rating for rating, row in rows]
    mean = sum(ratings) / len(ratings)
    squared_error = sum(error**2 for error in errors)
    found = {
        "mse": squared_error / len(rows),
        "rmse": math.sqrt(squared_error / len(rows)),
        "mae": sum(abs(error) for error in errors) / len(rows),
        "bias": sum(errors) / len(rows),
    }
    if len(set(ratings)) > 1:
        found["r2"] = 1 - squared_error / sum((rating - mean) ** 2 for rating in ratings)
    intervals = [
        (rating, row.low, row.high)
        for rating, row in rows
        if row.low is not None and row.high is not None
    ]
    if intervals:
        inside = [low <= rating <= high for rating, low, high in intervals]
        found["interval_coverage"] = sum(inside) / len(intervals)
        found["interval_width"] = sum(high - low for _, low, high in intervals) / len(intervals)
    return found


def naive_most_rated(case: Case) -> dict[int, list[int]]:
    """Show each user with test rows the most rated movies that the user has not rated."""
    known = case.of("train", "validation")
    counts = Counter(row.movie for row in known)
    ordered = sorted(counts, key=lambda movie: (-counts[movie], movie))
    rated = {(row.user, row.movie) for row in known}
    return {
        user: [movie for movie in ordered if (user, movie) not in rated][:20]
        for user in case.test_users()
    }


def naive_relevant(case: Case) -> dict[int, set[int]]:
    """The movies that each user's list should hold, without users that have none."""
    known = {row.movie for row in case.of("train", "validation")}
    relevant: dict[int, set[int]] = defaultdict(set)
    for row in case.of("test"):
        if row.rating >= 4 and row.movie in known:
            relevant[row.user].add(row.movie)
    return dict(relevant)


def naive_list_metrics(case: Case, weights: Weights) -> dict[Key, tuple[float, int]]:
    """Measure lists by going through users, each as often as drawn."""
    found: dict[Key, tuple[float, int]] = {}
    relevant = naive_relevant(case)
    all_lists = {**case.lists, "most_rated": naive_most_rated(case)}
    for model, lists in all_lists.items():
        if not lists:
            continue
        values: dict[tuple[str, str], list[float]] = defaultdict(list)
        judged: Counter[str] = Counter()
        for user, movies in relevant.items():
            times = weights[user]
            shown = lists.get(user, [])[:20]
            measured: dict[str, dict[str, float]] = defaultdict(dict)
            qualities = list_qualities(case, user, shown)
            for name in user_slices(case, user):
                measured[name] = list_accuracy(shown, movies) | qualities
            for name in {name for movie in movies for name in movie_slices(case, movie)}:
                counted = {movie for movie in movies if name in movie_slices(case, movie)}
                measured[name] = list_accuracy(shown, counted)
            for name, metrics in measured.items():
                judged[name] += times
                for metric, value in metrics.items():
                    values[name, metric] += [value] * times
        for (name, metric), users in values.items():
            if users:
                mean = sum(users) / len(users)
                found[case.protocol, name, model, metric] = (mean, judged[name])
        shown_to = {user: lists.get(user, [])[:20] for user in relevant}
        for metric, value in exposure_metrics(case, shown_to, weights).items():
            found[case.protocol, "all", model, metric] = (value, judged["all"])
    return found


def list_accuracy(shown: list[int], relevant: Collection[int]) -> dict[str, float]:
    hits = [movie in relevant for movie in shown]
    gain = sum(1 / math.log2(rank + 1) for rank, hit in enumerate(hits[:10], start=1) if hit)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(10, len(relevant)) + 1))
    return {
        "ndcg@10": gain / ideal,
        "recall@20": sum(hits) / min(20, len(relevant)),
        "mrr": 1 / (hits.index(True) + 1) if any(hits) else 0.0,
        "hit_rate@10": float(any(hits[:10])),
    }


def list_qualities(case: Case, user: int, shown: list[int]) -> dict[str, float]:
    """What a list is like beside being right; what is not defined is left out."""
    known = case.of("train", "validation")
    counts = Counter(row.movie for row in known)
    users = len({row.user for row in known})
    found = {}
    if shown and users:
        found["novelty@20"] = sum(
            -math.log2(max(counts[movie], 1) / users) for movie in shown
        ) / len(shown)
    pairs = list(combinations([case.genres.get(movie, set()) for movie in shown], 2))
    if pairs:
        found["intra_list_diversity@20"] = sum(
            1 - (len(one & other) / len(one | other) if one | other else 0) for one, other in pairs
        ) / len(pairs)
    history = [counts[row.movie] for row in known if row.user == user]
    if shown and history:
        listed = sum(counts[movie] for movie in shown) / len(shown)
        found["popularity_bias@20"] = listed / (sum(history) / len(history))
    return found


def exposure_metrics(
    case: Case, lists: Mapping[int, list[int]], weights: Weights
) -> dict[str, float]:
    """The share of movies shown, and the Gini coefficient as the mean absolute difference."""
    catalogue = {row.movie for row in case.of("train", "validation")}
    shown = Counter(
        movie
        for user, movies in lists.items()
        for movie in movies
        if movie in catalogue
        for _ in range(weights[user])
    )
    if not shown:
        return {}
    exposures = [shown[movie] for movie in catalogue]
    differences = sum(abs(one - other) for one in exposures for other in exposures)
    return {
        "coverage@20": len(shown) / len(catalogue),
        "gini@20": differences / (2 * len(exposures) * sum(exposures)),
    }


def assert_metrics(
    found: Mapping[Key, tuple[float, int]], expected: Mapping[Key, tuple[float, int]]
) -> None:
    """Compare metrics and counts, but for the last digits."""
    assert found.keys() == expected.keys()
    for key, (value, count) in expected.items():
        assert math.isclose(found[key][0], value, rel_tol=1e-9, abs_tol=1e-9), (key, found[key])
        assert found[key][1] == count, key
