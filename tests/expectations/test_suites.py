"""Each expectation catches its fault, and a clean warehouse passes all of them."""

import subprocess
import sys
from collections.abc import Iterator

import duckdb
import pytest

from expectations.gates import GATES, GateResult, Gates
from expectations.suites import gates
from tests.dbt_project.compiled import Compiled
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
        update published.figures set value = 96 where figure = 'rating_pct' and subject = '3.0'
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
        "update predictions.recommended_movies set run_id = 'e0'",
        "insert into predictions.rating_cluster_profiles values ('lost')",
        "update predictions.model_leaderboard set run_id = 'e0' where model = 'embedding'",
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
        "insert into ml.recommendations (run_id, user_id, movie_id) values ('s1', 9, 1000)",
    ],
    "movies_listed_pct": [
        # 200,000 places with the same few movies in turn
        """
        insert into core.dim_users select u, 1 from range(1000, 11000) as users(u);
        update analytics.dataset_summary set rated_movie_count = 11000;
        delete from ml.recommendations;
        insert into ml.recommendations by name
        select 's1' as run_id, user_id, r as rank, 1 + (user_id % 2) * 20 + r as movie_id
        from core.dim_users cross join range(1, 21) as ranks(r)
        """,
    ],
    "top_listed_movie_pct": [
        "update ml.recommendations set movie_id = 1 where rank = 1 and user_id % 10 > 0",
    ],
}

PLANTS = [(name, fault) for name, faults in FAULTS.items() for fault in faults]


EXPECTATIONS = {
    expectation.meta["name"]: (gate, expectation)
    for gate, relations in gates().items()
    for expectations in relations.values()
    for expectation in expectations
}


def check(
    connection: duckdb.DuckDBPyConnection, gate: str, accepted: tuple[str, ...] = ()
) -> dict[str, GateResult]:
    results = Gates(accepted).check(connection, gate)
    return {result.expectation: result for result in results}


def of_gate(gate: str) -> list[str]:
    return [name for name, (its_gate, _) in EXPECTATIONS.items() if its_gate == gate]


@pytest.mark.parametrize("gate", GATES)
def test_a_clean_warehouse_passes_every_expectation(compiled: Compiled, gate: str) -> None:
    with small.warehouse(compiled) as connection:
        results = check(connection, gate)
    assert {name: result.status for name, result in results.items()} == dict.fromkeys(
        of_gate(gate), "pass"
    )
    assert not any(result.examples for result in results.values())


@pytest.fixture(scope="module")
def clean(compiled: Compiled) -> Iterator[duckdb.DuckDBPyConnection]:
    with small.warehouse(compiled) as connection:
        yield connection


@pytest.mark.parametrize(("expectation", "fault"), PLANTS)
def test_a_planted_fault_is_caught_and_shown(
    clean: duckdb.DuckDBPyConnection, expectation: str, fault: str
) -> None:
    clean.begin()
    try:
        clean.execute(fault)
        results = check(clean, EXPECTATIONS[expectation][0])
    finally:
        clean.rollback()
    assert [name for name, result in results.items() if result.status == "fail"] == [expectation]
    caught = results[expectation]
    assert "unexpected" in caught.found
    assert 1 <= len((caught.examples or "").splitlines()) <= 3


def test_every_expectation_is_shown_to_catch_a_fault() -> None:
    assert set(EXPECTATIONS) == set(FAULTS)


def test_names_are_unique_so_that_one_can_be_accepted() -> None:
    relations = [of_one for gate in gates().values() for of_one in gate.values()]
    assert len(EXPECTATIONS) == sum(len(of_one) for of_one in relations)


@pytest.mark.parametrize("name", FAULTS)
def test_an_expectation_says_what_it_measures_when_it_applies_and_why(name: str) -> None:
    _, expectation = EXPECTATIONS[name]
    assert all(expectation.meta[key] for key in ("what", "applies", "row"))
    assert expectation.notes and name in expectation.description


def test_before_any_training_there_is_nothing_to_check_and_that_is_said(
    compiled: Compiled,
) -> None:
    with small.warehouse(compiled, small.RAW, small.MARTS) as connection:
        results = check(connection, "predictions")
    assert {result.status for result in results.values()} == {"not applicable"}
    found = results["list_length"].found
    assert found.startswith("nothing to judge: it applies once lists were made")


COMPARED = [
    *("raw_rows_kept_pct", "raw_genre_movies_before", "raw_mean_rating_shift"),
    *("core_rows_kept_pct", "rating_pct_shift"),
]


@pytest.mark.parametrize("gate", ["raw", "marts"])
def test_without_a_comparison_its_reason_is_kept(compiled: Compiled, gate: str) -> None:
    with small.warehouse(compiled, published=False) as connection:
        results = check(connection, gate)
    for name, result in results.items():
        assert result.status == ("not applicable" if name in COMPARED else "pass")
        if name in COMPARED:
            assert result.found == "nothing to compare with, as nothing was published before"


@pytest.mark.parametrize("gate", GATES)
def test_a_handful_of_rows_is_too_few_to_judge_by(compiled: Compiled, gate: str) -> None:
    """One user's five ratings, all the same, of another scale, and half of what was published."""
    five = small.RAW.replace("range(1, 121)", "range(1, 2)").replace("range(100)", "range(5)")
    few = five.replace("hash(u * 1000 + k) % 9 / 2.0", "9").replace("1101", "6")
    before = (few.replace("range(5)", "range(10)"), small.MARTS)
    with small.warehouse(
        compiled, few, small.MARTS, small.PREDICTIONS, published_parts=before
    ) as connection:
        # The list of one user, and nothing of the other 119
        connection.execute("delete from ml.recommendations where user_id > 1")
        connection.execute("update ml.rating_predictions set prediction = 5")
        results = check(connection, gate)
    assert {result.status for result in results.values()} <= {"pass", "not applicable"}


def test_a_growing_dataset_passes(compiled: Compiled) -> None:
    """Half as many users again, who rate as the others do."""
    with small.warehouse(compiled) as connection:
        connection.execute(
            "insert into raw.ratings by name"
            " select userId + 1000 as userId, movieId, rating, timestamp + 300000000 as timestamp"
            " from raw.ratings where userId <= 60"
        )
        assert {result.status for result in check(connection, "raw").values()} == {"pass"}


def test_ratings_without_times_or_spread_are_compared_by_chance_alone(
    compiled: Compiled,
) -> None:
    timeless = "update raw.ratings set timestamp = null"
    with small.warehouse(compiled, published_parts=(small.RAW, timeless)) as connection:
        assert check(connection, "raw")["raw_mean_rating_shift"].status == "pass"
    same = "update raw.ratings set rating = 3"
    with small.warehouse(
        compiled, small.RAW, same, published_parts=(small.RAW, timeless, same)
    ) as connection:
        assert check(connection, "raw")["raw_mean_rating_shift"].status == "pass"


def test_the_mean_may_move_as_far_as_its_months_differ(compiled: Compiled) -> None:
    """Even months at 2, odd ones at 4: deviation 1. Half of the even ones gone: 1/3 further."""
    months = (
        "insert into raw.loads by name select 'mine' as dataset;"
        " insert into raw.ratings by name select k as userId,"
        " 2 + 2 * (k % 2) as rating, k * 2592000 as timestamp from range(1000) as ks(k)"
    )
    gone = "delete from raw.ratings where userId % 4 = 0"
    with small.warehouse(compiled, months, gone, published_parts=(months,)) as connection:
        shift = check(connection, "raw")["raw_mean_rating_shift"]
    assert (shift.status, shift.found) == ("pass", "0.3333")


def test_what_is_gone_counts_as_zero_and_what_is_new_has_nothing_before(
    compiled: Compiled,
) -> None:
    with small.warehouse(compiled) as connection:
        connection.execute("update raw.movies set genres = 'Western' where movieId % 3 = 0")
        rows = connection.execute(
            "select subject, value, published_value, published_basis_count, difference"
            " from gates.raw_figures where figure = 'raw_genre_movies' order by subject"
        ).fetchall()
    assert rows == [
        ("Comedy", 0.0, 366.0, 1100, 366.0),
        ("Drama", 734.0, 1100.0, 1100, 366.0),
        ("Western", 366.0, None, 1100, 366.0),
    ]


def test_an_accepted_failure_is_no_failure_and_stays_on_record(compiled: Compiled) -> None:
    fault = FAULTS["raw_rows_kept_pct"][0]
    with small.warehouse(compiled) as connection:
        connection.execute(fault)
        result = check(connection, "raw", accepted=("raw_rows_kept_pct",))["raw_rows_kept_pct"]
    assert result.status == "accepted"
    assert result.examples == "raw.ratings: 7,500 rows, published 12,000"


def test_the_worst_come_first_and_no_more_than_three(compiled: Compiled) -> None:
    with small.warehouse(compiled) as connection:
        for number, table in enumerate(("links", "movies", "ratings", "tags")):
            connection.execute(
                f"create or replace table raw.{table} as from raw.{table} limit {number * 100}"
            )
        kept = check(connection, "raw")["raw_rows_kept_pct"]
    assert kept.found == "0 to 30, 4 of 4 unexpected"
    assert (kept.examples or "").splitlines() == [
        "raw.links: 0 rows, published 1,100",
        "raw.ratings: 200 rows, published 12,000",
        "raw.movies: 100 rows, published 1,100",
    ]


def test_importing_the_command_does_not_import_great_expectations() -> None:
    code = "import sys, expectations.__main__; assert 'great_expectations' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
