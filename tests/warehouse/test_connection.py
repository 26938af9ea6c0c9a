"""What can go wrong when a warehouse is opened is said in a sentence."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline import ROOT
from warehouse.connection import connect, insert_rows, quoted, user_errors
from warehouse.errors import DamagedError, UserError


def test_a_missing_warehouse_is_not_made_by_reading(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="`make build` makes one"),
        connect(tmp_path / "w.duckdb", read_only=True),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"SQLite format 3\0" + bytes(100), b"x", b"text\n" * 50])
def test_a_file_that_is_no_duckdb_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.duckdb"
    path.write_bytes(content)
    for read_only in (True, False):
        with (
            pytest.raises(UserError, match="is not a DuckDB file"),
            connect(path, read_only=read_only),
        ):
            pass
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("variable", "value"), [("MEMORY_LIMIT", "much"), ("THREADS", "many"), ("THREADS", "0")]
)
def test_bad_settings_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"REELHOUSE_{variable}", value)
    with (
        pytest.raises(UserError, match=f"{variable}={value}: "),
        connect(tmp_path / "w.duckdb"),
    ):
        pass


def test_settings_reach_duckdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_THREADS", "1")
    monkeypatch.setenv("REELHOUSE_MEMORY_LIMIT", "512MiB")
    with connect(tmp_path / "w.duckdb") as connection:
        settings = connection.execute(
            "select current_setting('threads'), current_setting('memory_limit'),"
            " current_setting('TimeZone')"
        ).fetchall()
    assert settings == [(1, "512.0 MiB", "UTC")]


ESCAPES = [
    "create table t (x int)",
    "attach '{other}'",
    "copy (select 1) to '{other}'",
    "select * from read_csv('{other}')",
    "from '{other}'",
    "from glob('{folder}/*')",
    "export database '{folder}/out'",
    "install json from '{folder}'",
    "set enable_external_access = true",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "w.duckdb"
    duckdb.connect(str(path)).close()
    (tmp_path / "other.csv").write_text("a\n1\n")
    return path


def test_readers_in_one_process_share_their_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web app serves several people at once, each with a connection of its own."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    path = tmp_path / "w.duckdb"
    duckdb.connect(str(path)).close()
    query = (
        "select current_setting('TimeZone'), current_setting('enable_external_access'),"
        " current_setting('lock_configuration')"
    )

    def read(_: int) -> list[tuple]:
        with connect(path, read_only=True) as first, connect(path, read_only=True) as second:
            return [*first.execute(query).fetchall(), *second.execute(query).fetchall()]

    with ThreadPoolExecutor(8) as pool:
        for settings in pool.map(read, range(40)):
            assert settings == [("UTC", False, True)] * 2


def test_a_reader_that_may_not_spill_runs_out_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_MEMORY_LIMIT", "64MB")
    path = tmp_path / "w.duckdb"
    duckdb.connect(str(path)).close()
    with (
        pytest.raises(UserError, match="takes more than MEMORY_LIMIT"),
        connect(path, read_only=True, may_spill=False) as connection,
    ):
        connection.execute("select hash(range) as h from range(20000000) order by h").fetchone()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("statement", ESCAPES)
def test_a_reader_can_neither_write_nor_reach_another_file(file: Path, statement: str) -> None:
    folder = file.parent
    with connect(file, read_only=True) as connection, pytest.raises(duckdb.Error):
        connection.execute(statement.format(other=folder / "other.csv", folder=folder))
    assert sorted(path.name for path in folder.iterdir()) == ["other.csv", "w.duckdb"]


@pytest.mark.parametrize("statement", [*ESCAPES, ".shell touch '{folder}/shell'", ".open {other}"])
def test_neither_can_the_prompt(file: Path, statement: str) -> None:
    folder = file.parent
    result = subprocess.run(
        ["make", "--no-print-directory", "sql", f"WAREHOUSE={file}"],
        input="select 6 * 7;\n"
        + statement.format(other=folder / "other.csv", folder=folder)
        + ";\n",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "42" in result.stdout
    assert re.search("Error:|cannot be used in -safe mode", result.stdout + result.stderr)
    assert sorted(path.name for path in folder.iterdir()) == ["other.csv", "w.duckdb"]


@pytest.mark.parametrize("text", ["plain", "it's", "''", "'; drop table t; --", "ü\n\0"[:2]])
def test_a_quoted_text_is_that_text(text: str) -> None:
    assert duckdb.sql(f"select {quoted(text)}").fetchall() == [(text,)]


@pytest.mark.parametrize(
    "error",
    [
        duckdb.FatalException("FATAL Error: no space left"),
        duckdb.InternalException("INTERNAL Error"),
        duckdb.TransactionException(
            "Failed to commit: Could not write file: No space left on device"
        ),
    ],
)
def test_a_fault_of_duckdbs_own_is_not_taken_for_damage(tmp_path: Path, error: Exception) -> None:
    """A damaged file is put aside, and a full disk is no reason for that."""
    with pytest.raises(UserError) as raised, user_errors(tmp_path / "w.duckdb"):
        raise error
    assert not isinstance(raised.value, DamagedError)


TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31)).map(
    lambda time: time.replace(fold=0)
)


@given(
    st.lists(
        st.tuples(
            st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8")),
            st.none() | st.floats(),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | TIMES,
        ),
        max_size=5,
    )
)
def test_rows_are_inserted_as_they_are(rows: list[tuple]) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table t (a varchar, b double, c bigint, d timestamp)")
        insert_rows(connection, "t", rows)
        found = connection.execute("from t").fetchall()
    assert list(map(repr, found)) == list(map(repr, rows))


def test_inserting_imports_no_pandas() -> None:
    code = (
        "import duckdb, sys; from warehouse.connection import insert_rows;"
        "c = duckdb.connect(); c.execute('create table t (a varchar, b double)');"
        "insert_rows(c, 't', [('x', 1.5), (None, None)]); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
