"""A published file says of which release it is, and a damaged one is said to be so by all."""

import random
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from models_ml.fitting.runner import remove_models_of_replaced_runs
from report.__main__ import main as report
from tests.pipeline import ROOT
from warehouse.__main__ import main as warehouse_main
from warehouse.connection import connect
from warehouse.errors import DamagedError, UserError
from warehouse.published import FORMAT, check_whole, read_published
from warehouse.publishing import Start, publish_after
from warehouse.states import main as states_main
from warehouse.states import restore, states

WRITE = """
import duckdb, os
connection = duckdb.connect(os.environ["REELHOUSE_CANDIDATE"])
connection.execute("create schema if not exists ml")
connection.execute("create table if not exists ml.runs (run_id varchar)")
connection.execute("insert into ml.runs (run_id) select 'run ' || range from range(100)")
connection.execute("create or replace table numbers as select random() as x from range(200000)")
connection.close()
"""


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "w.duckdb"
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(path))
    assert publish_after(path, Start.EMPTY, [sys.executable, "-c", WRITE]) == 0
    return path


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


@pytest.mark.parametrize("seed", range(4))
def test_no_flipped_bit_and_no_cut_in_the_data_goes_unseen(warehouse: Path, seed: int) -> None:
    generator = random.Random(seed)
    check_whole(warehouse)
    content = warehouse.read_bytes()
    for _ in range(6):
        at = generator.randrange(12, len(content))
        damage = generator.choice([flip, cut])
        damage(warehouse, at)
        before = warehouse.read_bytes()
        try:
            check_whole(warehouse)
        except DamagedError as error:
            assert str(warehouse) in str(error)
            assert "`make build` builds it again" in str(error)
        else:
            # The flipped byte lies in a block that nothing uses
            assert damage is flip
            assert _content(warehouse) == _content_of(content, warehouse)
        assert warehouse.read_bytes() == before
        warehouse.write_bytes(content)


def _content(path: Path) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("select count(*), sum(x) from numbers").fetchall()


def _content_of(content: bytes, near: Path) -> list[tuple]:
    path = near.with_name("whole.duckdb")
    path.write_bytes(content)
    return _content(path)


@pytest.mark.parametrize("at", [12, 4_100, 8_200])
def test_who_reads_a_damaged_file_says_so_in_a_sentence(
    warehouse: Path, at: int, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(warehouse, at)
    if at > 12:  # of the two headers at most one is in use, and it need not be this one
        cut(warehouse, 12_288)
    assert report([]) == warehouse_main(["--start", "published", "--", "true"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith(f"{warehouse} is damaged: ") for line in lines] == [True, True]


@pytest.mark.parametrize("size", [0, 12, 5_000, 300_000])
def test_a_build_goes_on_without_the_runs_of_a_damaged_file_and_keeps_it_aside(
    warehouse: Path, size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    cut(warehouse, size)
    damaged = warehouse.read_bytes()
    for number in ("", "2"):
        warehouse.write_bytes(damaged)
        assert publish_after(warehouse, Start.EMPTY, [sys.executable, "-c", WRITE]) == 0
        check_whole(warehouse)
        aside = warehouse.with_name(f"w.duckdb.damaged{number}")
        assert aside.read_bytes() == damaged
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"{warehouse} is damaged: ")
        assert str(aside) in line


def test_a_build_leaves_a_file_that_is_not_duckdbs_where_it_is(warehouse: Path) -> None:
    warehouse.write_text("userId,movieId,rating\n1,1,5\n" * 9)
    with pytest.raises(UserError, match="is not a DuckDB file: move it away"):
        publish_after(warehouse, Start.EMPTY, ["true"])
    assert warehouse.read_text().startswith("userId")


def test_a_build_stops_where_somebody_writes_to_the_published_file(warehouse: Path) -> None:
    """It cannot be read then, but it is not damaged: its runs are not to be dropped."""
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, warehouse], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(UserError, match=r"cannot be read or written: .*lock"):
            publish_after(warehouse, Start.EMPTY, ["true"])
        holder.communicate(b"\n")
    check_whole(warehouse)


def test_a_damaged_state_is_not_restored(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_after(warehouse, Start.EMPTY, [sys.executable, "-c", WRITE])
    before = warehouse.read_bytes()
    cut(states(warehouse)[0].path, 700_000)
    with pytest.raises(DamagedError):
        restore(warehouse, None)
    assert states_main(["--restore"]) == 1
    assert "is damaged" in capsys.readouterr().err
    assert warehouse.read_bytes() == before


def test_what_somebody_wrote_and_left_open_is_not_added_to_the_next_state(
    warehouse: Path,
) -> None:
    """DuckDB would replay the old file's log on the new file of the same name."""
    crash = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute('create table junk as select 1 as x'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", crash, warehouse], check=True)
    assert warehouse.with_name("w.duckdb.wal").exists()
    assert publish_after(warehouse, Start.EMPTY, [sys.executable, "-c", WRITE]) == 0
    with connect(warehouse, read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    assert ("numbers",) in tables
    assert ("junk",) not in tables


def test_a_publishing_that_the_disk_cuts_short_leaves_nothing_behind(warehouse: Path) -> None:
    before = warehouse.read_bytes()
    code = (
        "import resource, sys; from warehouse.__main__ import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000,) * 2);"
        "sys.exit(main(['--start', 'candidate', '--', 'true']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "cannot be read or written: " in line
    assert "File too large" in line
    assert warehouse.read_bytes() == before
    assert not warehouse.with_name("w.duckdb.publishing").exists()


def test_a_damaged_state_does_not_stop_a_training(warehouse: Path) -> None:
    publish_after(warehouse, Start.EMPTY, [sys.executable, "-c", WRITE])
    (warehouse.parent / "w.models" / "of no run").mkdir(parents=True)
    cut(states(warehouse)[0].path, 300_000)
    remove_models_of_replaced_runs(warehouse)
    assert list((warehouse.parent / "w.models").iterdir()) == []


def publish_as(warehouse: Path, statement: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(statement)


def test_a_published_file_carries_the_format(warehouse: Path) -> None:
    with read_published(warehouse) as connection:
        assert connection.execute("select version from main.warehouse_format").fetchall() == [
            (FORMAT,)
        ]


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
    assert "`make build` builds it again" in capfd.readouterr().err
    assert warehouse_main(["--start", "empty", "--", "true"]) == 0
    with read_published(warehouse):
        pass


def test_a_build_takes_over_the_runs_of_another_release(warehouse: Path) -> None:
    publish_as(warehouse, "create or replace table ml.runs as select 'a' as run_id")
    publish_as(warehouse, "drop table main.warehouse_format")
    publish_after(warehouse, Start.EMPTY, ["true"])

    with read_published(warehouse) as connection:
        assert connection.execute("select run_id, model from ml.runs").fetchall() == [("a", None)]


def test_runs_of_format_2_serve_as_they_did(warehouse: Path) -> None:
    publish_as(
        warehouse,
        "create or replace table ml.runs (run_id varchar, model varchar, protocol varchar);"
        "insert into ml.runs values ('a', 'ranker', null), ('b', 'ranker', 'last');"
        "update main.warehouse_format set version = 2",
    )
    publish_after(warehouse, Start.EMPTY, ["true"])
    publish_as(warehouse, "delete from ml.models where model != 'ranker'")
    publish_after(warehouse, Start.EMPTY, ["true"])

    with read_published(warehouse) as connection:
        assert connection.execute(
            "select run_id, protocol, role, serving_rank from ml.runs inner join ml.models"
            " using (model) order by run_id"
        ).fetchall() == [("a", "serving", "lists", 1), ("b", "last", "lists", 1)]
        # What training wrote since is taken over as it is
        assert connection.execute("select model from ml.models").fetchall() == [("ranker",)]
