"""Each expectation catches its fault, and a clean warehouse passes all of them."""

import subprocess
import sys

import duckdb
import pytest

from expectations.bounds import read_bounds
from expectations.gates import SUITES, GateResult, Gates
from tests.expectations import small
from tests.pipeline import ROOT

# For each expectation, faults that it alone of its suite is to catch.
FAULTS = {
    "raw_rows_kept_pct": [
        "delete from raw.ratings where userId > 75",
        "delete from raw.tags",
        "delete from raw.links where movieId > 700",
    ],
    "raw_genre_movies_before": [
        "update raw.movies set genres = 'Drama|comedy' where movieId = 7",
        "update raw.movies set genres = '' where movieId = 8",
    ],
    "raw_mean_rating_shift": [
        "update raw.ratings set rating = 2 * rating",
        "update raw.ratings set rating = rating + 0.5 where userId % 2 = 0",
        "delete from raw.ratings where rating < 1.5",
    ],
    "core_rows_kept_pct": [
        "delete from core.fct_ratings where movie_id % 5 < 2",
        "delete from core.fct_tags",
        "truncate core.bridge_movie_genres",
        "delete from core.dim_movies where movie_id > 700",
    ],
    "rating_pct_shift": [
        """
        update analytics.rating_distribution set rating_pct = rating_pct + 11 where rating = 3;
        update analytics.rating_distribution set rating_pct = rating_pct - 5.5
        where rating in (1, 5)
        """,
    ],
    "rating_pct": [
        """
        update analytics.rating_distribution set rating_pct = 96 where rating = 3;
        update published.analytics.rating_distribution set rating_pct = 96 where rating = 3
        """,
    ],
    "top_user_pct": ["update core.dim_users set rating_count = 4000 where user_id = 5"],
    "popular_movies_pct": [
        # Ids by chance, and ids cut to nothing
        "update core.fct_ratings set movie_id = 1 + hash(user_id * 10000 + movie_id) % 1100",
        """
        update core.fct_ratings set movie_id = 1 where (user_id, movie_id) not in
        (select (min(user_id), movie_id) from core.fct_ratings group by movie_id)
        """,
    ],
    "run_is_on_present_data": [
        "update predictions.current_recommendations set run_id = 's0'",
        "insert into predictions.rating_cluster_profiles values ('lost')",
        "update predictions.model_leaderboard set run_id = 's0' where model = 'embedding'",
    ],
    "missing_predictions": [
        f"update ml.rating_predictions set prediction = {value} where user_id = 3 and movie_id = 1"
        for value in ("null", "'nan'::double", "'infinity'::double")
    ],
    "prediction_off_scale": [
        "update ml.rating_predictions set prediction = 5.1 where user_id = 3 and run_id = 'e1'",
        "update ml.rating_predictions set prediction = 0.4 where user_id = 3 and run_id = 'm1'",
    ],
    "prediction_spread_pct": [
        "update ml.rating_predictions set prediction = 3 where run_id = 'e1'",
        """
        update ml.rating_predictions
        set prediction = case when user_id % 2 = 0 then 0.6 else 4.9 end where run_id = 'e1'
        """,
    ],
    "clipped_excess": [
        "update ml.rating_predictions set prediction = 5 where user_id % 4 = 0 and run_id = 'e1'",
    ],
    "error_over_baseline_pct": [
        "update predictions.model_leaderboard set ci_low = 0.89, value = 0.9 where run_id = 'e1'",
    ],
    "list_length": [
        "delete from ml.recommendations where user_id = 9",
        "delete from ml.recommendations where user_id = 9 and rank = 20",
        "insert into ml.recommendations values ('s1', 9, 21, 1000)",
    ],
    "movies_listed_pct": [
        # 200,000 places with the same few movies in turn
        """
        insert into core.dim_users select u, 1 from range(1000, 11000) as users(u);
        insert into core.fct_ratings select 1, 1, m from range(2000, 12000) as movies(m);
        delete from ml.recommendations;
        insert into ml.recommendations
        select 's1', user_id, r, 1 + (user_id % 2) * 20 + r
        from core.dim_users cross join range(1, 21) as ranks(r)
        """,
    ],
    "top_listed_movie_pct": [
        "update ml.recommendations set movie_id = 1 where rank = 1 and user_id % 10 > 0",
    ],
}

PLANTS = [(name, fault) for name, faults in FAULTS.items() for fault in faults]


def check(
    connection: duckdb.DuckDBPyConnection,
    suite: str,
    accepted: tuple[str, ...] = (),
    no_comparison: str | None = None,
) -> dict[str, GateResult]:
    results = Gates(accepted).check(connection, suite, no_comparison)
    return {result.expectation: result for result in results}


def suite_with(expectation: str) -> str:
    return next(suite for suite, bounds in read_bounds().items() if expectation in bounds)


@pytest.mark.parametrize("suite", SUITES)
def test_a_clean_warehouse_passes_every_expectation(suite: str) -> None:
    with small.warehouse() as connection:
        results = check(connection, suite)
    assert {name: result.status for name, result in results.items()} == dict.fromkeys(
        read_bounds()[suite], "pass"
    )
    assert not any(result.examples for result in results.values())


@pytest.mark.parametrize(("expectation", "fault"), PLANTS)
def test_a_planted_fault_is_caught_and_shown(expectation: str, fault: str) -> None:
    with small.warehouse() as connection:
        connection.execute(fault)
        results = check(connection, suite_with(expectation))
    assert [name for name, result in results.items() if result.status == "fail"] == [expectation]
    caught = results[expectation]
    assert "out of range" in caught.found
    assert 1 <= len((caught.examples or "").splitlines()) <= 3


def test_every_expectation_of_every_suite_is_shown_to_catch_a_fault() -> None:
    held = {
        expectation.column
        for suite in SUITES.values()
        for expectation in suite.suite().expectations
    }
    bounded = {name for bounds in read_bounds().values() for name in bounds}
    assert held == bounded == set(FAULTS)


def test_names_are_unique_so_that_one_can_be_accepted() -> None:
    names = [name for bounds in read_bounds().values() for name in bounds]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("suite", SUITES)
def test_bounds_and_reasons_stand_in_the_suite(suite: str) -> None:
    bounds = read_bounds()[suite]
    for expectation in SUITES[suite].suite().expectations:
        bound = bounds[expectation.column]
        assert (expectation.min_value, expectation.max_value) == (bound.minimum, bound.maximum)
        assert bound.reason in expectation.notes
        assert bound.minimum is not None or bound.maximum is not None
        assert bound.measure and bound.applies and bound.reason


def test_before_any_training_there_is_nothing_to_check_and_that_is_said() -> None:
    with small.warehouse(small.RAW, small.MARTS, small.EMPTY_PREDICTIONS) as connection:
        results = check(connection, "predictions")
    assert {result.status for result in results.values()} == {"not applicable"}
    found = results["list_length"].found
    assert found.startswith("nothing: it applies once lists were made")


@pytest.mark.parametrize("suite", ["raw", "marts"])
def test_without_a_comparison_its_reason_is_kept(suite: str) -> None:
    with small.warehouse(published=False) as connection:
        results = check(connection, suite, no_comparison="nothing was published before")
    compared = {measure.name for measure in SUITES[suite].MEASURES if measure.compares}
    for name, result in results.items():
        assert result.status == ("not applicable" if name in compared else "pass")
        if name in compared:
            assert result.found == "nothing: nothing was published before"


@pytest.mark.parametrize("suite", SUITES)
def test_a_handful_of_rows_is_too_few_to_judge_by(suite: str) -> None:
    """One user's five ratings, all the same, of another scale, and half of what was published."""
    five = small.RAW.replace("range(1, 121)", "range(1, 2)").replace("range(100)", "range(5)")
    few = five.replace("hash(u * 1000 + k) % 9 / 2.0", "9").replace("1101", "6")
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as published; use published")
        connection.execute(few.replace("range(5)", "range(10)") + small.MARTS + "; use memory")
        for part in (few, small.MARTS, small.EMPTY_PREDICTIONS, small.PREDICTIONS):
            connection.execute(part)
        # The list of one user, and nothing of the other 119
        connection.execute("delete from ml.recommendations where user_id > 1")
        connection.execute("update ml.rating_predictions set prediction = 5")
        results = check(connection, suite)
    assert {result.status for result in results.values()} <= {"pass", "not applicable"}


def test_a_growing_dataset_passes() -> None:
    """Half as many users again, who rate as the others do."""
    with small.warehouse() as connection:
        connection.execute(
            "insert into raw.ratings"
            " select userId + 1000, movieId, rating, timestamp + 300000000"
            " from raw.ratings where userId <= 60"
        )
        assert {result.status for result in check(connection, "raw").values()} == {"pass"}


def test_ratings_without_times_or_spread_are_compared_by_chance_alone() -> None:
    with small.warehouse() as connection:
        connection.execute("update published.raw.ratings set timestamp = null")
        assert check(connection, "raw")["raw_mean_rating_shift"].status == "pass"
        connection.execute("update published.raw.ratings set rating = 3")
        connection.execute("update raw.ratings set rating = 3")
        assert check(connection, "raw")["raw_mean_rating_shift"].status == "pass"


def test_the_mean_may_move_as_far_as_its_months_differ() -> None:
    """Even months at 2, odd ones at 4: deviation 1. Half of the even ones gone: 1/3 further."""
    with small.warehouse() as connection:
        for catalog in ("memory", "published"):
            connection.execute(
                f"create or replace table {catalog}.raw.ratings as select k as userId,"
                " 2 + 2 * (k % 2) as rating, k * 2592000 as timestamp from range(1000) as ks(k)"
            )
        connection.execute("delete from raw.ratings where userId % 4 = 0")
        shift = check(connection, "raw")["raw_mean_rating_shift"]
    assert (shift.status, shift.found) == ("pass", "0.3333")


def test_an_accepted_failure_is_no_failure_and_stays_on_record() -> None:
    fault = FAULTS["raw_rows_kept_pct"][0]
    with small.warehouse() as connection:
        connection.execute(fault)
        result = check(connection, "raw", accepted=("raw_rows_kept_pct",))["raw_rows_kept_pct"]
    assert result.status == "accepted"
    assert result.examples == "raw.ratings: 7,500 rows, published 12,000"


def test_the_worst_come_first_and_no_more_than_three() -> None:
    with small.warehouse() as connection:
        for number, table in enumerate(("links", "movies", "ratings", "tags")):
            connection.execute(
                f"create or replace table raw.{table} as from raw.{table} limit {number * 100}"
            )
        kept = check(connection, "raw")["raw_rows_kept_pct"]
    assert kept.found == "0 to 30, 4 of 4 out of range"
    assert (kept.examples or "").splitlines() == [
        "raw.links: 0 rows, published 1,100",
        "raw.ratings: 200 rows, published 12,000",
        "raw.movies: 100 rows, published 1,100",
    ]


def test_importing_the_command_does_not_import_great_expectations() -> None:
    code = "import sys, expectations.__main__; assert 'great_expectations' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
