"""Runs are written whole or not at all, and lead to code and data."""

import dataclasses
import json
import subprocess
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from models_ml.fitting import runs
from models_ml.fitting.runs import Run, code_version, write_models, write_run
from models_ml.registry import RECIPES
from warehouse.tables import create_tables


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    create_tables(connection, "ml")
    connection.execute("create schema analytics")
    connection.execute(
        "create table analytics.dataset_summary as select 'abc' data_fingerprint, 'mine' dataset"
    )
    return connection


def run(**changes) -> Run:
    values = {
        "model": "some_model",
        "started_at": datetime(2026, 1, 2, 3, 4, 5),
        "finished_at": datetime(2026, 1, 2, 3, 5, 0),
        "params": {"factors": 10, "scale": (0.5, 5.0)},
        "protocol": "random",
        "seed": 3,
        "results": {
            "user_embeddings": pd.DataFrame({"user_id": [1, 2], "embedding": [[1.0], [2.0]]})
        },
    }
    return Run(**{**values, **changes})


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    ((number,),) = connection.execute(f"select count(*) from ml.{table}").fetchall()
    return number


def test_a_run_carries_what_made_it(connection) -> None:
    run_id = write_run(connection, run())
    ((params, version, *data, protocol, seed),) = connection.execute(
        "select params, code_version, dataset, data_fingerprint, protocol, seed from ml.runs"
        " where run_id = ?",
        [run_id],
    ).fetchall()
    assert json.loads(params) == {"factors": 10, "scale": [0.5, 5.0]}
    assert (version, *data, protocol, seed) == (code_version(), "mine", "abc", "random", 3)
    assert connection.execute(
        "select user_id, embedding from ml.user_embeddings where run_id = ?", [run_id]
    ).fetchall() == [(1, [1.0]), (2, [2.0])]


def test_a_failure_takes_back_the_whole_run(connection) -> None:
    results = {
        "user_embeddings": pd.DataFrame({"user_id": [1], "embedding": [[1.0]]}),
        "training_history": pd.DataFrame({"epoch": ["not a number"]}),
    }
    with pytest.raises(duckdb.Error):
        write_run(connection, run(results=results))
    assert count(connection, "runs") == 0
    assert count(connection, "user_embeddings") == 0


def test_equal_runs_stay_apart(connection) -> None:
    assert write_run(connection, run()) != write_run(connection, run())
    assert count(connection, "runs") == 2


def test_the_code_version_is_the_commit_and_says_when_files_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    monkeypatch.setattr(runs, "ROOT", tmp_path)
    assert code_version() == "unknown"
    git("init", "-q")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-qm", "one")
    assert code_version() == git("rev-parse", "HEAD")
    (tmp_path / "file").write_text("2")
    assert code_version() == git("rev-parse", "HEAD") + "-dirty"


def test_the_latest_run_is_the_current_one_when_the_clock_was_set_back(connection) -> None:
    first = write_run(connection, run())
    second = write_run(connection, run(finished_at=datetime(1971, 1, 1)))
    third = write_run(connection, run(finished_at=datetime(2026, 1, 3)))
    found = connection.execute("select run_id from ml.runs order by finished_at").fetchall()
    assert found == [(first,), (second,), (third,)]
    ((last,),) = connection.execute("select max(finished_at) from ml.runs").fetchall()
    assert last == datetime(2026, 1, 3)


def test_the_models_are_written_in_place_of_those_before(connection) -> None:
    ease = next(recipe for recipe in RECIPES if recipe.name == "ease")
    write_models(connection, RECIPES)
    write_models(connection, [dataclasses.replace(ease, serving_rank=None)])

    assert connection.execute("select * from ml.models").fetchall() == [
        ("ease", "lists", "time-free", None, ease.description)
    ]


def test_no_two_models_of_a_role_share_a_serving_rank() -> None:
    ranks = [(recipe.role, recipe.serving_rank) for recipe in RECIPES if recipe.serving_rank]

    assert len(set(ranks)) == len(ranks)
