"""The summary fits a terminal and says what the warehouse says."""

import re
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from report.__main__ import main
from report.summary import _limits, _next, _segments, _time_aware, _unknown
from tests.pipeline import Pipeline
from warehouse.tables import COMPUTED_WHEN_ASKED


@pytest.fixture
def summary(
    sample: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(sample.warehouse))
    monkeypatch.setenv("COLUMNS", "80")
    assert main([]) == 0
    return capsys.readouterr().out


def test_it_fits_eighty_columns(summary: str) -> None:
    # All but the file's own path, whose length is not ours
    assert max(len(line) for line in summary.splitlines()[1:]) <= 80


def test_every_relation_stands_there_with_its_rows(summary: str, sample: Pipeline) -> None:
    relations = sample.rows(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema not in ('staging', 'intermediate', 'main')"
    )
    words = " ".join(summary.split())
    assert len(relations) > 35
    for schema, name in relations:
        if f"{schema}.{name}" in COMPUTED_WHEN_ASKED:
            assert name not in words
            continue
        ((count,),) = sample.rows(f"select count(*) from {schema}.{name}")
        assert f"{name} {count:,}" in words, name


@pytest.mark.parametrize(
    ("title", "metric", "protocol", "order", "count"),
    [("held-out ratings", "rmse", "random", "", 5), ("lists of 20", "ndcg@10", "last", "desc", 3)],
)
def test_the_models_stand_by_their_figures_best_first(
    summary: str, sample: Pipeline, title: str, metric: str, protocol: str, order: str, count: int
) -> None:
    rows = sample.rows(
        "select model, value, ci_high - value from predictions.model_leaderboard"
        f" where protocol = '{protocol}' and metric = '{metric}' and slice = 'all'"
        f" order by value {order}"
    )
    table = summary[summary.index(title) :].split("\n\n")[0]
    found = re.findall(r"^(\w+) +(\d\.\d{3} ± \d\.\d{3})", table, re.MULTILINE)
    assert found == [(model, f"{value:.3f} ± {margin:.3f}") for model, value, margin in rows]
    assert len(found) == count


def test_segments_stand_by_their_names(summary: str, sample: Pipeline) -> None:
    for name, count in sample.rows("select name, user_count from predictions.segment_profiles"):
        assert re.search(rf"^{re.escape(name)} +{count}$", summary, re.MULTILINE)


def test_tests_are_counted(summary: str, sample: Pipeline) -> None:
    ((passed,),) = sample.rows("select count(*) from quality.test_results where status = 'pass'")
    ((all_tests,),) = sample.rows("select count(*) from quality.test_results")
    assert passed == all_tests > 100
    assert f"tests passed: {passed}\n" in summary


def test_commands_worth_typing_close_it(summary: str) -> None:
    assert [line.split()[0] for line in summary.splitlines()[-6:]] == ["next", *["make"] * 5]


def test_they_name_the_engine_that_built_the_warehouse(summary: str) -> None:
    assert "TARGET" not in summary
    with duckdb.connect() as connection:
        connection.execute("create table main.lake as select 7 as build")
        lines = _next(connection)
    assert lines[0] == "  make recommend USER=200 TARGET=spark         what to watch next, and why"
    assert all(len(line) <= 80 and " TARGET=spark " in line for line in lines)


def test_it_can_be_a_picture(
    sample: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(sample.warehouse))
    assert main(["--svg", str(tmp_path / "summary.svg")]) == 0
    assert "fct_ratings" in (tmp_path / "summary.svg").read_text()


def test_no_warehouse_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(tmp_path / "w.duckdb"))
    assert main([]) == 1
    assert "`make build` makes one" in capsys.readouterr().err


def test_before_training_it_says_so(
    beginning: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(beginning.warehouse))
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert "\nNothing was trained on these data: make train\n" in shown
    assert "rmse" not in shown


def test_markup_in_a_name_of_a_segment_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema predictions")
        connection.execute(
            "create table predictions.segment_profiles as"
            " select 1 as segment, 'more [/] and [red]Drama[/red]' as name, 7 as user_count"
        )
        Console(highlight=False).print(*_segments(connection))
    assert "more [/] and [red]Drama[/red]" in capsys.readouterr().out


def test_models_that_were_fitted_to_a_part_of_the_data_are_named() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema predictions")
        connection.execute(
            "create table predictions.model_leaderboard as from (values"
            " ('boosting', '300000 rows'), ('boosting', '300000 rows'), ('ease', null)"
            ") as rows (model, fitted_to)"
        )
        (line,) = _limits(connection)
    assert str(line) == "fitted to a part: boosting, 300000 rows"


def test_models_that_know_the_time_are_named() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema predictions")
        connection.execute(
            "create table predictions.model_leaderboard as from (values"
            " ('stack_times', 'time-aware'), ('stack_times', 'time-aware'), ('stack', 'time-free')"
            ") as rows (model, track)"
        )
        (line,) = _time_aware(connection)
    assert str(line) == "knows when a rating was given: stack_times"


def test_it_says_how_many_held_out_ratings_are_of_a_new_user_or_movie() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema predictions")
        connection.execute(
            "create table predictions.model_leaderboard as from (values"
            " ('a', 'temporal', 'unknown_share', 'all', 0.934),"
            " ('b', 'temporal', 'unknown_share', 'all', 0.934),"
            " ('a', 'temporal', 'unknown_share', 'users: new', 1),"
            " ('a', 'random', 'unknown_share', 'all', 0.02), ('a', 'random', 'rmse', 'all', 0.9)"
            ") as rows (model, protocol, metric, slice, value)"
        )
        (line,) = _unknown(connection)
    assert str(line) == "of these with a new user or movie: random 2%, temporal 93%"


def test_the_summary_says_so_for_all_protocols(summary: str) -> None:
    assert re.search(
        r"\nof these with a new user or movie: random \d+%, temporal \d+%, last", summary
    )
