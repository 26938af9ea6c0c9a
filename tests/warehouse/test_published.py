"""A published file says of which release it is, and is never misread by another."""

import sys
from pathlib import Path

import duckdb
import pytest

from report.__main__ import main as report
from warehouse.__main__ import main as warehouse_main
from warehouse.errors import UserError
from warehouse.published import FORMAT, read_published
from warehouse.publishing import Start, publish_after

EMPTY_CANDIDATE = [
    sys.executable,
    "-c",
    "import duckdb, os; duckdb.connect(os.environ['REELHOUSE_CANDIDATE']).close()",
]


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "w.duckdb"
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(path))
    publish_after(path, Start.EMPTY, EMPTY_CANDIDATE)
    return path


def publish_as(warehouse: Path, statement: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(statement)


def test_a_published_file_carries_the_format(warehouse: Path) -> None:
    with read_published(warehouse) as connection:
        assert connection.execute("from main.warehouse_format").fetchall() == [(FORMAT,)]


@pytest.mark.parametrize(
    "statement",
    [
        f"update main.warehouse_format set version = {FORMAT - 1}",
        f"update main.warehouse_format set version = {FORMAT + 1}",
        "drop table main.warehouse_format",
        "delete from main.warehouse_format",
    ],
)
def test_a_file_of_another_release_is_rebuilt_never_read(
    warehouse: Path, statement: str, capfd: pytest.CaptureFixture[str]
) -> None:
    publish_as(warehouse, statement)

    with (
        pytest.raises(UserError, match="published by another release"),
        read_published(warehouse),
    ):
        pass
    assert report([]) == 1
    assert warehouse_main(["--start", "published", "--", "true"]) == 1
    assert "`make build` makes it anew" in capfd.readouterr().err
    assert warehouse_main(["--start", "empty", "--", "true"]) == 0
    with read_published(warehouse):
        pass


def test_a_build_takes_over_the_runs_of_another_release(warehouse: Path) -> None:
    publish_as(warehouse, "create schema ml; create table ml.runs as select 'a' as run_id")
    publish_as(warehouse, "drop table main.warehouse_format")
    publish_after(warehouse, Start.EMPTY, ["true"])

    with read_published(warehouse) as connection:
        assert connection.execute("select run_id, model from ml.runs").fetchall() == [("a", None)]
