"""Tables go to Spark and come back as files; what is published is one build of them, whole."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.spark import needs_spark
from tests.test_makefile import make
from warehouse.connection import connect
from warehouse.errors import UserError
from warehouse.lake import check_settled, give, settle, show
from warehouse.tables import create_tables

# Spark's programs stand beside Python
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a warehouse is published, with a candidate that holds a movie and a run."""
    (tmp_path / "candidate").mkdir()
    with connect(tmp_path / "candidate" / "w.duckdb") as connection:
        for source in ("raw", "ml", "gates"):
            create_tables(connection, source)
        connection.execute("insert into raw.movies (movieId, title) values (1, 'Heat (1995)')")
        connection.execute("insert into ml.runs (run_id, model) values ('r', 'embedding')")
    return tmp_path


@pytest.fixture
def candidate(folder: Path) -> Path:
    return folder / "candidate" / "w.duckdb"


@pytest.fixture
def lake(folder: Path) -> Path:
    return folder / "candidate" / "lake"


def build(lake: Path, value: int) -> None:
    """Write what Spark would: a relation with one row, in a new file."""
    relation = lake / "core.db" / "numbers"
    relation.mkdir(parents=True, exist_ok=True)
    for old in relation.iterdir():
        old.unlink()
    duckdb.sql(f"select {value} as x").write_parquet(str(relation / f"part-{value}.parquet"))
    (relation / "_SUCCESS").touch()


def rows(file: Path, query: str) -> list[tuple]:
    with connect(file, read_only=True) as connection:
        return connection.execute(query).fetchall()


def published(folder: Path, value: int) -> Path:
    """Build, settle, and put the candidate in the published file's place, as publishing does."""
    candidate, warehouse = folder / "candidate" / "w.duckdb", folder / "w.duckdb"
    build(folder / "candidate" / "lake", value)
    settle(candidate, folder / "candidate" / "lake", warehouse)
    warehouse.write_bytes(candidate.read_bytes())
    return warehouse


def test_the_tables_of_a_source_become_files(candidate: Path, lake: Path) -> None:
    give(candidate, lake, "raw")
    assert duckdb.sql(f"select title from '{lake}/raw.db/movies/*.parquet'").fetchall() == [
        ("Heat (1995)",)
    ]
    assert duckdb.sql(f"from '{lake}/raw.db/ratings/*.parquet'").fetchall() == []


def test_a_source_without_tables_becomes_empty_folders(candidate: Path, lake: Path) -> None:
    give(candidate, lake, "published")
    assert list((lake / "published.db" / "figures").iterdir()) == []


def test_what_is_given_again_leaves_settled_files_as_they_are(
    folder: Path, candidate: Path, lake: Path
) -> None:
    give(candidate, lake, "ml")
    settled = settle(candidate, lake, folder / "w.duckdb")
    with connect(candidate) as connection:
        connection.execute("update ml.runs set run_id = 'another'")
    give(candidate, lake, "ml")
    runs = [
        duckdb.sql(f"select run_id from '{place}/ml.db/runs/*.parquet'").fetchall()
        for place in (settled, lake)
    ]
    assert runs == [[("r",)], [("another",)]]


def test_duckdb_shows_what_spark_built_and_keeps_what_python_wrote(
    candidate: Path, lake: Path
) -> None:
    give(candidate, lake, "raw")
    build(lake, 1)
    show(candidate, lake)
    with connect(candidate) as connection:
        tables = connection.execute(
            "select distinct schema_name from duckdb_tables() order by 1"
        ).fetchall()
        shown = connection.execute("select x, title from core.numbers, raw.movies").fetchall()
    assert tables == [("ml",), ("quality",)]
    assert shown == [(1, "Heat (1995)")]

    build(lake, 2)
    show(candidate, lake)
    with connect(candidate) as connection:
        assert connection.execute("from core.numbers").fetchall() == [(2,)]


def test_a_reader_keeps_its_build_while_another_is_published(folder: Path) -> None:
    warehouse = published(folder, 1)
    with connect(warehouse, read_only=True) as reader:
        build(folder / "candidate" / "lake", 2)
        assert reader.execute("from core.numbers").fetchall() == [(1,)]


def test_a_published_file_shows_its_build_and_no_other_file(folder: Path) -> None:
    warehouse = published(folder, 1)
    assert rows(warehouse, "from core.numbers") == [(1,)]
    with connect(warehouse, read_only=True) as reader, pytest.raises(duckdb.PermissionException):
        reader.execute(f"from read_text('{folder}/candidate/w.duckdb')")


def test_builds_that_nothing_shows_are_removed(folder: Path) -> None:
    for value in range(1, 4):
        published(folder, value)
    assert rows(folder / "w.duckdb", "from core.numbers") == [(3,)]
    # The one before stood in the published file until the last moment
    names = sorted(build.name for build in (folder / "builds").iterdir())
    assert names == ["2", "3", "latest"]
    assert (folder / "builds" / "latest").resolve().name == "3"


def test_a_training_goes_on_from_what_is_published(
    folder: Path, candidate: Path, lake: Path
) -> None:
    published(folder, 1)
    check_settled(candidate, lake)
    # A training that failed leaves a lake that is not what is published
    with pytest.raises(UserError, match="make build TARGET=spark"):
        check_settled(candidate, lake)


def test_a_training_does_not_go_on_from_a_build_on_duckdb(candidate: Path, lake: Path) -> None:
    lake.mkdir()
    (lake / "build").write_text("1")
    with pytest.raises(UserError, match="was not built by Spark"):
        check_settled(candidate, lake)


@needs_spark
def test_the_prompt_answers_from_what_is_published(folder: Path) -> None:
    warehouse = published(folder, 5)
    (folder / "candidate" / "lake" / "core.db" / "numbers" / "part-5.parquet").unlink()
    asked = subprocess.run(
        [sys.executable, "-m", "warehouse.lake", "--sql"],
        input="select x * 2 from core.numbers;\n",
        env=os.environ | {"REELHOUSE_WAREHOUSE": str(warehouse), "PATH": PATH},
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 0, asked.stderr
    assert "10" in asked.stdout.splitlines()
    # All views are made in one statement, the question is the other
    assert asked.stderr.count("Time taken") == 2


def test_another_engine_is_refused() -> None:
    result = make("build", "TARGET=postgres")
    assert result.returncode != 0
    assert "TARGET=postgres: it must be duckdb or spark" in result.stderr
