"""A published warehouse is whole at every moment, whatever becomes of builds and trainings."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from tests.pipeline import ROOT, Pipeline, is_locked, write_dataset
from warehouse.connection import connect
from warehouse.errors import UserError
from warehouse.publishing import NOTHING_NEW, Start, publish_after
from warehouse.settings import candidate_path

MOVIES = [f"{i},Movie {i} (1995),Drama|Comedy" for i in range(1, 41)]


def ratings(users: int) -> list[str]:
    return [
        f"{user},{movie},{1 + (user * movie) % 9 / 2},{1_000_000_000 + user * 977 + movie * 13}"
        for user in range(1, users + 1)
        for movie in range(1, 31)
    ]


def python(code: str) -> list[str]:
    """A command that writes to the candidate: ``connection`` is open there."""
    return [
        sys.executable,
        "-c",
        "import os, duckdb\n"
        "connection = duckdb.connect(os.environ['REELHOUSE_CANDIDATE'])\n"
        f"{code}\n"
        "connection.close()",
    ]


def value(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        ((number,),) = connection.execute("select number from state").fetchall()
    return number


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(number: int) -> list[str]:
    return python(f"connection.execute('create or replace table state as select {number} number')")


def load_of(dataset: str) -> str:
    """Code that loads a dataset, as far as its name."""
    return (
        "connection.execute('create schema raw');"
        f"connection.execute(\"create table raw.loads as select '{dataset}' as dataset\")"
    )


TRAINED = (
    "connection.execute('create schema features; create schema intermediate');"
    "connection.execute('create schema predictions');"
    "connection.execute('create table features.t as select 1 as x');"
    "connection.execute('create view intermediate.i as from features.t');"
    "connection.execute('create view predictions.v as from intermediate.i, raw.loads')"
)
"""Code that leaves what a training may: tables, and views on them and on what a build makes."""


class TestPublishAfter:
    def test_publishes_what_the_command_wrote(self, tmp_path: Path) -> None:
        warehouse = tmp_path / "w.duckdb"
        assert publish_after(warehouse, Start.EMPTY, write(1)) == 0
        assert value(warehouse) == 1

    def test_a_failed_command_changes_nothing_and_its_status_is_returned(
        self, tmp_path: Path
    ) -> None:
        warehouse = tmp_path / "w.duckdb"
        publish_after(warehouse, Start.EMPTY, write(1))
        before = digest(warehouse)
        failing = python("connection.execute('create table state as select 2 number'); exit(3)")
        assert publish_after(warehouse, Start.EMPTY, failing) == 3
        assert digest(warehouse) == before

    def test_a_build_starts_empty_but_for_the_published_runs(self, tmp_path: Path) -> None:
        warehouse = tmp_path / "w.duckdb"
        first = python(
            "connection.execute('create schema ml');"
            "connection.execute('create table ml.runs (model varchar, run_id varchar)');"
            "connection.execute(\"insert into ml.runs values ('m', 'r1')\");"
            "connection.execute('create table state as select 1 number')"
        )
        publish_after(warehouse, Start.EMPTY, first)
        publish_after(warehouse, Start.EMPTY, write(2))
        with connect(warehouse, read_only=True) as connection:
            assert connection.execute("select run_id, model, seed from ml.runs").fetchall() == [
                ("r1", "m", None)
            ]
        assert value(warehouse) == 2

    def test_a_build_of_changes_starts_from_what_the_same_code_built(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        warehouse = tmp_path / "w.duckdb"
        publish_after(warehouse, Start.EMPTY, write(1))
        more = python("connection.execute('update state set number = number + 1')")
        assert publish_after(warehouse, Start.CHANGES, more) == 0
        assert value(warehouse) == 2
        # A training leaves what built the file; nobody knows with what a plain `dbt build` built
        publish_after(warehouse, Start.PUBLISHED, more)
        assert publish_after(warehouse, Start.CHANGES, more) == 0
        assert value(warehouse) == 4
        publish_after(warehouse, Start.CANDIDATE, more)
        assert publish_after(warehouse, Start.CHANGES, more) == 1
        publish_after(warehouse, Start.EMPTY, write(1))
        monkeypatch.setenv("VARS", "{duplicate_policy: latest}")
        assert publish_after(warehouse, Start.CHANGES, more) == 1

    def test_what_an_earlier_build_changed_is_not_changed_again(self, tmp_path: Path) -> None:
        warehouse = tmp_path / "w.duckdb"
        note = (
            "connection.execute('create schema if not exists raw');"
            "connection.execute('create table if not exists raw.changed_ratings"
            " (userId bigint, movieId bigint)');"
            "connection.execute('insert into raw.changed_ratings values (1, 2)')"
        )
        for _ in range(2):
            publish_after(warehouse, Start.CHANGES, python(note))
        with connect(warehouse, read_only=True) as connection:
            assert connection.execute("from raw.changed_ratings").fetchall() == [(1, 2)]

    def test_a_command_that_finds_nothing_new_publishes_nothing(self, tmp_path: Path) -> None:
        warehouse = tmp_path / "w.duckdb"
        publish_after(warehouse, Start.EMPTY, write(1))
        before = digest(warehouse)
        nothing = python(f"connection.execute('update state set number = 2'); exit({NOTHING_NEW})")
        assert publish_after(warehouse, Start.CHANGES, nothing) == 0
        assert digest(warehouse) == before

    @pytest.mark.parametrize(("dataset", "carried"), [("a", True), ("b", False)])
    def test_a_build_of_everything_keeps_what_training_made_of_the_same_dataset(
        self, tmp_path: Path, dataset: str, carried: bool
    ) -> None:
        warehouse = tmp_path / "w.duckdb"
        publish_after(warehouse, Start.EMPTY, python(f"{load_of('a')}; {TRAINED}"))
        publish_after(warehouse, Start.EMPTY, python(f"{load_of(dataset)}"))
        with connect(warehouse, read_only=True) as connection:
            found = set(
                connection.execute(
                    "select schema_name, table_name from duckdb_tables()"
                    " union all select schema_name, view_name from duckdb_views()"
                ).fetchall()
            )
            trained = {("features", "t"), ("predictions", "v"), ("intermediate", "i")}
            assert found & trained == (trained if carried else set())
            if carried:
                assert connection.execute("from predictions.v").fetchall() == [(1, "a")]

    def test_a_training_starts_from_the_published_file(self, tmp_path: Path) -> None:
        warehouse = tmp_path / "w.duckdb"
        publish_after(warehouse, Start.EMPTY, write(1))
        candidate_path(warehouse).unlink()
        publish_after(
            warehouse, Start.PUBLISHED, python("connection.execute('update state set number = 7')")
        )
        assert value(warehouse) == 7

    def test_what_a_plain_dbt_build_left_can_be_published(self, tmp_path: Path) -> None:
        warehouse = tmp_path / "w.duckdb"
        publish_after(warehouse, Start.EMPTY, write(1))
        with duckdb.connect(str(candidate_path(warehouse))) as connection:
            connection.execute("update state set number = 5")
        assert publish_after(warehouse, Start.CANDIDATE, ["true"]) == 0
        assert value(warehouse) == 5

    @pytest.mark.parametrize("start", [Start.PUBLISHED, Start.CANDIDATE])
    def test_nothing_to_start_from_is_said(self, tmp_path: Path, start: Start) -> None:
        with pytest.raises(UserError, match="`make build` makes one"):
            publish_after(tmp_path / "w.duckdb", start, ["true"])

    def test_views_survive_the_file_being_renamed(self, tmp_path: Path) -> None:
        warehouse = tmp_path / "w.duckdb"
        code = (
            "connection.execute('create schema a; create table a.t as select 1 x;"
            " create view a.v as select * from a.t')"
        )
        publish_after(warehouse, Start.EMPTY, python(code))
        moved = warehouse.rename(tmp_path / "another name.duckdb")
        with connect(moved, read_only=True) as connection:
            assert connection.execute("select x from a.v").fetchall() == [(1,)]

    def test_the_published_file_holds_few_dead_blocks(self, tmp_path: Path) -> None:
        warehouse = tmp_path / "w.duckdb"
        rows = "select random() as number from range(300000)"
        code = (
            f"connection.execute('create table old as {rows}; checkpoint');"
            f"connection.execute('create table state as {rows}; checkpoint; drop table old')"
        )
        publish_after(warehouse, Start.EMPTY, python(code))
        assert warehouse.stat().st_size < candidate_path(warehouse).stat().st_size / 1.5

    def test_an_open_reader_keeps_its_state_and_blocks_nobody(self, tmp_path: Path) -> None:
        warehouse = tmp_path / "w.duckdb"
        publish_after(warehouse, Start.EMPTY, write(1))
        with duckdb.connect(str(warehouse), read_only=True) as reader:
            # In a process of its own: DuckDB shares one instance of a path within a process
            assert subprocess.run(stage(warehouse, "empty", write(2)), cwd=ROOT).returncode == 0
            assert reader.execute("select number from state").fetchall() == [(1,)]
        assert value(warehouse) == 2

    def test_a_path_with_quotes_and_spaces(self, tmp_path: Path) -> None:
        folder = tmp_path / "it's a folder"
        folder.mkdir()
        publish_after(folder / "w.duckdb", Start.EMPTY, write(1))
        publish_after(folder / "w.duckdb", Start.EMPTY, write(2))
        assert value(folder / "w.duckdb") == 2


def stage(warehouse: Path, start: str, command: list[str]) -> list[str]:
    return [
        "env",
        f"REELHOUSE_WAREHOUSE={warehouse}",
        *(sys.executable, "-m", "warehouse", "--start", start, "--", *command),
    ]


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    publish_after(warehouse, Start.EMPTY, write(0))
    add = python(
        "import time; time.sleep(0.3); connection.execute('update state set number = number + 1')"
    )
    writers = [
        subprocess.Popen(
            stage(warehouse, "published", add), cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    messages = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert value(warehouse) == 3
    told = [re.search(r"process (\d+) or .* waiting for it to end", text) for text in messages]
    waited = [match for match in told if match]
    assert len(waited) == 2
    assert {int(match[1]) for match in waited} <= {writer.pid for writer in writers}


def test_the_lock_lasts_as_long_as_an_orphan_of_a_killed_build_writes(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    publish_after(warehouse, Start.EMPTY, write(0))
    begun = tmp_path / "begun"
    slow = python(f"import time; open({str(begun)!r}, 'w').close(); time.sleep(1.5)")
    killed = subprocess.Popen(stage(warehouse, "empty", slow), cwd=ROOT)
    wait_for(begun.exists)
    killed.kill()
    killed.wait()
    assert is_locked(candidate_path(warehouse))
    assert subprocess.run(stage(warehouse, "empty", write(9)), cwd=ROOT).returncode == 0
    assert value(warehouse) == 9


def wait_for(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("moment", ["before the copy", "before the rename", "after the rename"])
def test_a_kill_while_publishing_leaves_the_old_state_or_the_new(
    tmp_path: Path, moment: str
) -> None:
    warehouse = tmp_path / "w.duckdb"
    publish_after(warehouse, Start.EMPTY, write(1))
    die = "lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)"
    patch = {
        "before the copy": f"publishing._publish = {die}",
        "before the rename": f"publishing.Path.replace = {die}",
        "after the rename": (
            "flush = publishing._flush;"
            f" publishing._flush = lambda path: flush(path) if path.is_file() else ({die})()"
        ),
    }[moment]
    code = (
        "import os, signal, sys; from pathlib import Path; from warehouse import publishing;"
        f"{patch};"
        " publishing.publish_after(Path(sys.argv[1]), publishing.Start.EMPTY, sys.argv[2:])"
    )
    killed = subprocess.run([sys.executable, "-c", code, warehouse, *write(2)], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert value(warehouse) == (2 if moment == "after the rename" else 1)
    assert publish_after(warehouse, Start.EMPTY, write(3)) == 0
    assert value(warehouse) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "candidate",
        "w.duckdb",
        "w.states",
    ]


class Reader(threading.Thread):
    """Queries a published file in a loop and keeps each state that it saw."""

    QUERY = """
        select
            (select count(*) from core.fct_ratings),
            (select rating_count from analytics.dataset_summary),
            (select sum(rating_count)::bigint from core.dim_users),
            (select count(*) from analytics.rated_movies),
            (select count(*) from ml.runs),
            (select count(*) from duckdb_tables() where table_name = 'model_leaderboard')
    """

    def __init__(self, warehouse: Path) -> None:
        super().__init__()
        self.warehouse = warehouse
        self.states: set[tuple[int, ...]] = set()
        self.queries = 0
        self.failures: list[str] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                with duckdb.connect(str(self.warehouse), read_only=True) as connection:
                    self.states.update(connection.execute(self.QUERY).fetchall())
                self.queries += 1
            except duckdb.Error as error:
                self.failures.append(str(error))
            self.stopped.wait(0.1)


def test_a_looping_reader_sees_only_whole_states_whatever_becomes_of_trainings_and_builds(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_LOG_LEVEL_FILE", "debug")
    large = write_dataset(pipeline.folder / "before" / "mine", ratings(40), MOVIES)
    small = write_dataset(pipeline.folder / "after" / "mine", ratings(20), MOVIES)
    meant = "raw_rows_kept_pct core_rows_kept_pct raw_mean_rating_shift rating_pct_shift"
    pipeline.make("build", DATASET=large)
    steps = logged(pipeline)
    reader = Reader(pipeline.warehouse)
    reader.start()
    try:
        pipeline.make("train", MODEL="matrix_factorisation")
        refuse_a_drop(pipeline, small)
        kill_a_build(pipeline, steps // 2, DATASET=small, ACCEPT=meant)
        pipeline.make("build", DATASET=small, ACCEPT=meant)
        seen = reader.queries
        wait_for(lambda: reader.queries > seen + 1)
    finally:
        reader.stopped.set()
        reader.join()
    assert reader.failures == []
    assert reader.queries > 20
    # Before and after the training, then after the build, which keeps what the training made
    assert reader.states == {
        (1200, 1200, 1200, 1200, 0, 0),
        (1200, 1200, 1200, 1200, 3, 1),
        (600, 600, 600, 600, 3, 1),
    }
    gate_results = "from quality.gate_results where expectation = 'raw_rows_kept_pct'"
    assert pipeline.rows(f"select status {gate_results} order by checked_at") == [
        ("not applicable",),
        ("accepted",),
    ]


def logged(pipeline: Pipeline) -> int:
    log = pipeline.folder / "logs" / "dbt.log"
    return len(log.read_bytes().splitlines()) if log.exists() else 0


def refuse_a_drop(pipeline: Pipeline, dataset: Path) -> None:
    """Build half as many ratings: the gates refuse them, and keep the candidate."""
    before = digest(pipeline.warehouse)
    candidate = candidate_path(pipeline.warehouse)
    refused = pipeline.make("build", check=False, DATASET=dataset)
    assert refused.returncode != 0
    assert "raw.ratings: 600 rows, published 1,200" in refused.stdout
    assert str(candidate) in refused.stdout
    assert digest(pipeline.warehouse) == before
    with duckdb.connect(str(candidate), read_only=True) as connection:
        failed = "select expectation from quality.gate_results where status = 'fail' order by 1"
        assert connection.execute(failed).fetchall() == [
            ("core_rows_kept_pct",),
            ("raw_rows_kept_pct",),
        ]


def kill_a_build(pipeline: Pipeline, steps: int, **variables: str | Path) -> None:
    """Kill a build after so many lines of dbt's log; `make torture` tries hundreds of moments.

    The published file stays identical.
    """
    before = digest(pipeline.warehouse)
    (pipeline.folder / "logs" / "dbt.log").unlink()
    build = subprocess.Popen(
        pipeline.command("build", **variables),
        cwd=ROOT,
        env=pipeline.environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: logged(pipeline) > steps, seconds=120)
    assert build.poll() is None, "the build ended before it could be killed"
    os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    assert digest(pipeline.warehouse) == before
