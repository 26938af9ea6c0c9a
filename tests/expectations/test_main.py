"""The command, and what it prints."""

import io
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from expectations.__main__ import main
from expectations.gates import GateResult
from expectations.terminal import show_failures
from tests.dbt_project.compiled import Compiled
from tests.expectations import small
from warehouse.published import stamp
from warehouse.settings import candidate_path


@pytest.fixture
def warehouse(compiled: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published file, and a candidate like it."""
    path = tmp_path / "w.duckdb"
    candidate = candidate_path(path)
    candidate.parent.mkdir()
    with small.warehouse(compiled) as connection:
        for file in (path, candidate):
            connection.execute(f"attach '{file}' as file")
            connection.execute("copy from database memory to file")
            stamp(connection, "file")
            connection.execute("detach file")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(path))
    monkeypatch.delenv("REELHOUSE_CANDIDATE", raising=False)
    monkeypatch.delenv("REELHOUSE_ACCEPT", raising=False)
    return path


def change_candidate(warehouse: Path, statement: str) -> None:
    with duckdb.connect(str(candidate_path(warehouse))) as connection:
        connection.execute(statement)


def results(path: Path) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            "select status, count(*) from quality.gate_results group by status order by status"
        ).fetchall()


def test_all_gates_are_checked_on_the_candidate_and_kept_there(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "raw gate: 3 passed",
        "marts gate: 5 passed",
        "predictions gate: 9 passed",
    ]
    assert results(candidate_path(warehouse)) == [("pass", 17)]


def test_a_failed_gate_says_what_was_expected_and_found_and_keeps_the_candidate(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_candidate(warehouse, "delete from raw.ratings where userId > 50")
    assert main(["--suites", "raw"]) == 1
    shown = capsys.readouterr().out
    assert "raw gate: 2 passed, 1 failed" in shown
    assert "raw_rows_kept_pct: failed" in shown
    assert "at least 66.7" in shown
    assert "41.67 to 100, 1 of 4 unexpected" in shown
    assert "raw.ratings: 5,000 rows, published 12,000" in shown
    assert f"The candidate is kept: {candidate_path(warehouse)}" in shown
    assert "ACCEPT='raw_rows_kept_pct'" in shown
    assert results(candidate_path(warehouse)) == [("fail", 1), ("pass", 2)]


def test_what_is_meant_to_be_so_is_accepted_by_name(
    warehouse: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change_candidate(warehouse, "delete from raw.ratings where userId > 50")
    monkeypatch.setenv("REELHOUSE_ACCEPT", "raw_rows_kept_pct, list_length")
    assert main(["--suites", "raw"]) == 0
    assert "raw_rows_kept_pct: accepted" in capsys.readouterr().out
    assert results(candidate_path(warehouse)) == [("accepted", 1), ("pass", 2)]


def test_a_name_that_does_not_exist_is_refused(
    warehouse: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_ACCEPT", "everything")
    assert main([]) == 1
    assert "ACCEPT=everything: it must be one of" in capsys.readouterr().err


def test_what_a_command_builds_is_checked_once_it_has_ended(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built = f"""
import duckdb, time
time.sleep(1)
with duckdb.connect({str(candidate_path(warehouse))!r}) as connection:
    connection.execute("delete from raw.ratings where userId > 50")
"""
    assert main(["--suites", "raw", "--after", sys.executable, "-c", built]) == 1
    assert "raw_rows_kept_pct: failed" in capsys.readouterr().out


def test_after_a_command_that_fails_nothing_is_checked(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--suites", "raw", "--after", "sh", "-c", "exit 3"]) == 3
    assert capsys.readouterr().out == ""


def test_without_a_candidate_the_published_file_is_checked_and_stays_as_it_is(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candidate_path(warehouse).unlink()
    before = warehouse.read_bytes()
    assert main(["--list"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(str(warehouse))
    assert "raw gate: 3 passed" in shown
    assert warehouse.read_bytes() == before


def test_without_either_it_is_said_how_to_make_one(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candidate_path(warehouse).unlink()
    warehouse.unlink()
    assert main([]) == 1
    assert "`make build` makes one" in capsys.readouterr().err


def test_why_nothing_is_compared_is_said_once(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so in words: a count of what does not apply tells nobody anything."""
    change_candidate(warehouse, "truncate published.figures; truncate ml.runs; truncate ml.models")
    change_candidate(warehouse, "truncate predictions.model_leaderboard")
    change_candidate(warehouse, "truncate predictions.recommended_movies")
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "raw gate: nothing to compare with, as nothing was published before",
        "marts gate: 3 passed; nothing to compare with, as nothing was published before",
        "predictions gate: nothing to judge: it applies once a model was trained on these",
        "data",
    ]


def test_docs_neither_store_nor_judge(
    warehouse: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_candidate(warehouse, "delete from raw.links")
    assert main(["--docs", str(tmp_path / "docs")]) == 0
    assert capsys.readouterr().out.strip() == f"Open {tmp_path}/docs/index.html in a browser"
    with duckdb.connect(str(candidate_path(warehouse)), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    assert ("gate_results",) not in tables


def test_failures_fit_eighty_columns_and_show_titles_as_plain_text() -> None:
    title = "[red]A[/red] \x1b[31m" + "long " * 40 + "\u202e title"
    result = GateResult(
        datetime(2020, 1, 1),
        "raw",
        "raw_genre_movies_before",
        "fail",
        "movies: at least 1",
        "0, 3 of 3 unexpected",
        "\n".join(f"New{number}: {title}" for number in range(3)),
        "a new spelling splits a genre",
    )
    output = io.StringIO()
    show_failures([result], Console(file=output, width=80, highlight=False, markup=False))
    shown = output.getvalue()
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "[red]A[/red] \\x1b[31mlong" in shown
    assert "\x1b" not in shown and "\u202e" not in shown
    assert [f"New{number}:" in shown for number in range(3)] == [True] * 3
