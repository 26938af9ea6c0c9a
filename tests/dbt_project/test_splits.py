"""The protocols of `features.rating_splits`, from dbt's compiled SQL on generated ratings.

The SQL is compiled once and run in memory, so that each property can be tried on many datasets.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt_project.compiled import Compiled

REFERENCE_COUNT = 1_048_575
REFERENCE_TEST_COUNT = 209_715

RATINGS = {"fct_ratings": "user_id bigint, movie_id bigint, rating double, rated_at timestamp"}

CUTS = "intermediate.int_split_cuts"
DEFAULT_SEED = "':0'"

Rating = tuple[int, int, datetime | None]
"""User, movie, time."""

Split = dict[tuple[int, int], str | None]
"""The part that the rating of a user and movie plays."""

Splitter = Callable[..., dict[str, Split]]
"""Divides ratings, and returns each protocol's split by its column's name."""


@dataclass(frozen=True)
class SplitQueries:
    """The compiled SQL of the models that divide ratings."""

    compiled: Compiled

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Create what the splits read: the ratings, still empty, and the sizes."""
        return self.compiled.in_memory("int_split_sizes", given=RATINGS, threads=2)

    def with_seed(self, seed: int) -> str:
        """The splits of a seed, which both models hash; the cuts stand in place of their table."""
        splits, cuts = (
            self.compiled.model(name)["compiled_code"].replace('"', "")
            for name in ("rating_splits", "int_split_cuts")
        )
        assert splits.count(CUTS) == 1
        assert DEFAULT_SEED in splits
        assert DEFAULT_SEED in cuts
        return splits.replace(CUTS, f"({cuts})").replace(DEFAULT_SEED, f"':{seed}'")


@pytest.fixture(scope="module")
def queries(compiled: Compiled) -> SplitQueries:
    return SplitQueries(compiled)


@pytest.fixture(scope="module")
def reference_ratings(queries: SplitQueries) -> Iterator[duckdb.DuckDBPyConnection]:
    """As many ratings as the reference analysis has, divided in the table `splits`."""
    with queries.connect() as connection:
        connection.execute(
            f"""
            insert into core.fct_ratings
            select
                1 + number % 7045,
                1 + number // 7045,
                0.5 * (1 + hash(number) % 10),
                timestamp '2000-01-01' + to_seconds(cast(hash(-number) % 600000000 as bigint))
            from range({REFERENCE_COUNT}) as series (number)
            """
        )
        connection.execute(f"create table splits as {queries.with_seed(0)}")
        yield connection


class TestRandomSplitOfTheReference:
    def test_takes_exactly_a_fifth(self, reference_ratings: duckdb.DuckDBPyConnection) -> None:
        counts = reference_ratings.execute(
            "select random_split, count(*) from splits group by random_split"
        ).fetchall()
        assert dict(counts) == {
            "test": REFERENCE_TEST_COUNT,
            "validation": 83_886,
            "train": REFERENCE_COUNT - REFERENCE_TEST_COUNT - 83_886,
        }

    def test_is_independent_of_row_order_and_thread_count(
        self, reference_ratings: duckdb.DuckDBPyConnection, queries: SplitQueries
    ) -> None:
        reference_ratings.execute("alter table core.fct_ratings rename to in_order")
        reference_ratings.execute(
            "create table core.fct_ratings as"
            " from core.in_order order by hash(user_id + 31 * movie_id)"
        )
        reference_ratings.execute("set threads = 1")
        reference_ratings.execute(f"create table shuffled as {queries.with_seed(0)}")
        reference_ratings.execute("set threads = 2")
        differences = reference_ratings.execute(
            "(from splits except from shuffled) union all (from shuffled except from splits)"
        ).fetchall()
        assert differences == []

    def test_another_seed_draws_independently(
        self, reference_ratings: duckdb.DuckDBPyConnection, queries: SplitQueries
    ) -> None:
        reference_ratings.execute(f"create table of_seed_1 as {queries.with_seed(1)}")
        ((in_both,),) = reference_ratings.execute(
            "select count(*) from splits inner join of_seed_1 using (user_id, movie_id)"
            " where splits.random_split = 'test' and of_seed_1.random_split = 'test'"
        ).fetchall()
        # Of one seed's test rows another draws a fifth; 0.005 are six standard deviations
        assert in_both / REFERENCE_TEST_COUNT == pytest.approx(0.2, abs=0.005)

    @pytest.mark.parametrize("entity", ["user_id", "movie_id"])
    def test_favours_nobody(
        self, reference_ratings: duckdb.DuckDBPyConnection, entity: str
    ) -> None:
        ((chi_square_per_degree,),) = reference_ratings.execute(
            f"""
            select avg(power(test_count - 0.2 * n, 2) / (0.2 * 0.8 * n))
            from (
                select count(*) as n, count(*) filter (random_split = 'test') as test_count
                from splits
                group by {entity}
            )
            """
        ).fetchall()
        # Its standard deviation is 0.12 for the 149 movies, less for the users
        assert chi_square_per_degree == pytest.approx(1, abs=0.5)


@pytest.fixture(scope="module")
def split(queries: SplitQueries) -> Iterator[Splitter]:
    with queries.connect() as connection:

        def run(ratings: Iterable[Rating], seed: int = 0) -> dict[str, Split]:
            connection.execute("truncate core.fct_ratings")
            rows = [(user, movie, 3.0, time) for user, movie, time in ratings]
            if rows:
                connection.executemany("insert into core.fct_ratings values (?, ?, ?, ?)", rows)
            columns = ("random_split", "temporal_split", "last_split")
            result = connection.execute(
                f"select user_id, movie_id, {', '.join(columns)}"
                f" from ({queries.with_seed(seed)}) as splits"
            ).fetchall()
            assert len(result) == len(rows)
            return {
                column: {(row[0], row[1]): row[2 + i] for row in result}
                for i, column in enumerate(columns)
            }

        yield run


def labelled(keys: list[tuple[int, int]], **counts: int) -> Split:
    """Label keys in their order: the first so many with the first name, and so on."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    return dict(zip(keys, labels, strict=True))


def naive_random(ratings: list[Rating], seed: int) -> Split:
    """The smallest hashes test, the next ones validate."""

    def order(key: tuple[int, int]) -> tuple[str, tuple[int, int]]:
        text = f"{key[0]}:{key[1]}:{seed}"
        return hashlib.md5(text.encode()).hexdigest()[:12], key

    keys = sorted(((user, movie) for user, movie, _ in ratings), key=order)
    # round(0.2 n) and round(0.1 m), halves away from 0, in whole numbers
    test_count = (2 * len(keys) + 5) // 10
    validation_count = (len(keys) - test_count + 5) // 10
    train_count = len(keys) - test_count - validation_count
    return labelled(keys, test=test_count, validation=validation_count, train=train_count)


def naive_last(ratings: list[Rating]) -> Split:
    """Of each user's ratings floor(0.8 n) are kept, the last tenth of these validates."""
    split: Split = {}
    for user, rows in groupby(sorted(ratings, key=lambda row: row[0]), key=lambda row: row[0]):
        timed = [(time, movie) for _, movie, time in rows]
        if any(time is None for time, _ in timed):
            split |= {(user, movie): None for _, movie in timed}
            continue
        kept_count = 8 * len(timed) // 10
        train_count = 9 * kept_count // 10
        keys = [(user, movie) for _, movie in sorted(timed)]
        validation_count = kept_count - train_count
        test_count = len(keys) - kept_count
        split |= labelled(keys, train=train_count, validation=validation_count, test=test_count)
    return split


def naive_temporal(ratings: list[Rating]) -> Split:
    """The last tenth by time tests, the tenth before it validates; equal times stay together."""
    times = sorted((time for _, _, time in ratings if time is not None), reverse=True)
    if not times:
        return {(user, movie): None for user, movie, _ in ratings}
    test_from = times[(len(times) + 9) // 10 - 1]
    validation_from = times[(2 * len(times) + 9) // 10 - 1]

    def part(time: datetime | None) -> str | None:
        if time is None:
            return None
        if time >= test_from:
            return "test"
        return "validation" if time >= validation_from else "train"

    return {(user, movie): part(time) for user, movie, time in ratings}


START = datetime(2001, 9, 9)

ids = st.integers(1, 12)
some_times = st.integers(0, 30).map(lambda seconds: START + timedelta(seconds=seconds))


def datasets(times: st.SearchStrategy[datetime | None]) -> st.SearchStrategy[list[Rating]]:
    """Few users, movies and moments, so that ties are common."""
    return st.dictionaries(st.tuples(ids, ids), times, max_size=60).map(
        lambda rated: [(user, movie, time) for (user, movie), time in rated.items()]
    )


timed_datasets = datasets(some_times)
any_datasets = datasets(st.one_of(some_times, some_times, st.none()))


class TestProtocols:
    @settings(max_examples=100, deadline=None)
    @given(ratings=any_datasets, seed=st.integers(0, 2**31))
    def test_equal_naive_loops(self, split: Splitter, ratings: list[Rating], seed: int) -> None:
        assert split(ratings, seed) == {
            "random_split": naive_random(ratings, seed),
            "temporal_split": naive_temporal(ratings),
            "last_split": naive_last(ratings),
        }

    @settings(max_examples=50, deadline=None)
    @given(ratings=any_datasets, random=st.randoms(use_true_random=False))
    def test_are_independent_of_row_order(
        self, split: Splitter, ratings: list[Rating], random: Random
    ) -> None:
        shuffled = list(ratings)
        random.shuffle(shuffled)
        assert split(shuffled) == split(ratings)

    @settings(max_examples=50, deadline=None)
    @given(ratings=timed_datasets)
    def test_temporal_tests_the_future(self, split: Splitter, ratings: list[Rating]) -> None:
        part = split(ratings)["temporal_split"]
        times = {
            name: [time for user, movie, time in ratings if time and part[user, movie] == name]
            for name in ("train", "validation", "test")
        }
        assert sum(map(len, times.values())) == len(ratings)
        assert len(times["test"]) >= len(ratings) / 10
        for earlier, later in (("train", "validation"), ("train", "test"), ("validation", "test")):
            assert all(a < b for a in times[earlier] for b in times[later])

    @settings(max_examples=50, deadline=None)
    @given(ratings=timed_datasets)
    def test_last_looks_at_one_user_at_a_time(self, split: Splitter, ratings: list[Rating]) -> None:
        whole = split(ratings)["last_split"]
        for user in {user for user, _, _ in ratings}:
            alone = split(row for row in ratings if row[0] == user)["last_split"]
            assert alone == {key: part for key, part in whole.items() if key[0] == user}

    @settings(max_examples=50, deadline=None)
    @given(ratings=any_datasets)
    def test_random_does_not_look_at_times(self, split: Splitter, ratings: list[Rating]) -> None:
        timeless = [(user, movie, None) for user, movie, _ in ratings]
        assert split(timeless)["random_split"] == split(ratings)["random_split"]

    def test_without_times_only_random_is_left(self, split: Splitter) -> None:
        parts = split([(user, movie, None) for user in range(1, 11) for movie in range(1, 11)])
        assert set(parts["temporal_split"].values()) == {None}
        assert set(parts["last_split"].values()) == {None}
        assert list(parts["random_split"].values()).count("test") == 20
        assert list(parts["random_split"].values()).count("validation") == 8

    def test_a_rating_without_time_takes_only_its_user_out_of_last(self, split: Splitter) -> None:
        ratings = [(user, movie, START) for user in (1, 2) for movie in range(1, 6)]
        parts = split([*ratings, (2, 6, None)])
        assert {key for key, part in parts["last_split"].items() if part is None} == {
            (2, movie) for movie in range(1, 7)
        }
        assert [key for key, part in parts["temporal_split"].items() if part is None] == [(2, 6)]

    def test_of_nothing_is_nothing(self, split: Splitter) -> None:
        assert split([]) == {"random_split": {}, "temporal_split": {}, "last_split": {}}

    def test_sizes_of_every_small_dataset(self, split: Splitter) -> None:
        """round(0.2 n) rows test, round(0.1 of the rest) validate, halves rounded up."""
        for n in range(1, 40):
            labels = list(split((1, movie, START) for movie in range(n))["random_split"].values())
            test_count = (2 * n + 5) // 10
            assert labels.count("test") == test_count
            assert labels.count("validation") == (n - test_count + 5) // 10
