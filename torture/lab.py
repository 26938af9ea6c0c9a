"""A warehouse to torment: two datasets, the commands that publish them, and what must hold."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.published import check_whole, read_published
from warehouse.settings import candidate_path

ROOT = Path(__file__).parents[1]

PATIENCE = 300
"""Seconds after which a command counts as hanging."""

USERS = {"a": 8, "b": 12}
"""The users of each dataset: how many. Each user rates every movie."""

MOVIE_COUNT = 30

Content = tuple[tuple[str, int, int | None], ...]
"""Tables with their number of rows and a hash of them in any order."""


class BrokenError(Exception):
    """A fault was not survived."""


class WrongStateError(BrokenError):
    """What is published is neither what was before nor what should come after."""


class RowsLostError(BrokenError):
    """Lines of the input are neither accepted nor rejected."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it and its children printed."""

    status: int
    output: str


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    kill_after: float | None = None,
    with_signal: signal.Signals = signal.SIGKILL,
    whole_group: bool = True,
) -> Ended:
    """Run a command, perhaps kill it, and wait for it and its children.

    Args:
        command: The command.
        environment: Its environment.
        kill_after: Seconds until it is sent a signal, if it has not ended by then.
        with_signal: The signal.
        whole_group: Whether its children get the signal too.

    Raises:
        BrokenError: It hangs.
    """
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    if kill_after is not None:
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            send = os.killpg if whole_group else os.kill
            send(process.pid, with_signal)
    try:
        # The end of the output is the end of the last process that inherited it
        output, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise BrokenError(f"{' '.join(command)} hangs") from error
    return Ended(process.returncode, output)


def digest(path: Path) -> str:
    """Digest a file's bytes, or an absent file as nothing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def content(path: Path) -> Content:
    """Read what a published file says about the input: rows, rejected lines, ratings."""
    names = ("raw.movies", "raw.ratings", "raw.rejected_lines", "core.fct_ratings")
    check_whole(path)
    with read_published(path) as connection:
        there = {
            f"{schema}.{table}"
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall()
        }
        found = []
        for name in names:
            if name in there:
                ((count, hashed),) = connection.execute(
                    f"select count(*), bit_xor(hash(t)) from {name} as t"
                ).fetchall()
                found.append((name, count, hashed))
        return tuple(found)


def check_reconciles(path: Path, line_count: int) -> None:
    """Check that a published file accounts for each line of ratings below the header.

    Raises:
        RowsLostError: It does not.
    """
    with duckdb.connect(str(path), read_only=True) as connection:
        ((found,),) = connection.execute(
            "select (select count(*) from raw.ratings)"
            " + (select count(*) from raw.rejected_lines where source_file like 'ratings%')"
        ).fetchall()
        ((is_built,),) = connection.execute(
            "select count(*) from duckdb_tables() where table_name = 'row_reconciliation'"
        ).fetchall()
        unexplained = 0
        if is_built:
            ((unexplained,),) = connection.execute(
                "select sum(abs(unexplained_count)) from quality.row_reconciliation"
            ).fetchall()
    if found != line_count or unexplained:
        raise RowsLostError(
            f"{line_count} lines of ratings, {found} accounted for, {unexplained} unexplained"
        )


class Lab:
    """A folder with a published warehouse, and two datasets to publish in turn.

    Attributes:
        folder: The folder.
        is_built: Whether whole builds are published, or loads alone, which take a second.
        contents: What a clean publishing of each dataset holds.
        seconds: How long a clean publishing takes.
        generator: The source of all random choices.
    """

    def __init__(self, folder: Path, generator: random.Random, *, is_built: bool = False) -> None:
        """Publish each dataset once, the first one last."""
        self.folder = folder
        self.generator = generator
        self.is_built = is_built
        (folder / "tmp").mkdir(parents=True)
        self.warehouse.parent.mkdir()
        for name, users in USERS.items():
            write_dataset(folder / name, users)
        self.contents: dict[str, Content] = {}
        for name in ("b", "a"):
            started = time.monotonic()
            self.succeed(self.publish_command(name))
            self.seconds = time.monotonic() - started
            self.contents[name] = content(self.warehouse)
        self.clean = self.warehouse.read_bytes()

    @property
    def warehouse(self) -> Path:
        """The published file."""
        return self.folder / "w" / "w.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of all commands, without what a `make` around this one has set."""
        mine = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MAKE", "MFLAGS", "REELHOUSE_"))
        }
        return mine | {
            "REELHOUSE_WAREHOUSE": str(self.warehouse),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "TMPDIR": str(self.folder / "tmp"),
        }

    def publish_command(self, dataset: str, warehouse: Path | None = None) -> list[str]:
        """Make the command that publishes a dataset: a whole build, or a load alone.

        A load publishes where the environment says; a build may be told another warehouse.
        """
        folder = self.folder / dataset
        if self.is_built:
            return make("build", WAREHOUSE=warehouse or self.warehouse, DATASET=folder)
        return stage("empty", sys.executable, "-m", "ingest", "--dataset", str(folder))

    def published(self) -> str:
        """Tell which dataset is published.

        Raises:
            WrongStateError: Neither of them is, completely.
        """
        found = content(self.warehouse)
        for name, expected in self.contents.items():
            if found == expected:
                check_reconciles(self.warehouse, USERS[name] * MOVIE_COUNT)
                return name
        raise WrongStateError(f"published: {found}")

    def other(self) -> str:
        """Name the dataset that is not published."""
        return "b" if self.published() == "a" else "a"

    def succeed(self, command: Sequence[str], **more: str) -> Ended:
        """Run a command that must succeed."""
        ended = run(command, self.environment | more)
        if ended.status != 0:
            raise BrokenError(f"{' '.join(command)} failed: {ended.output[-2000:]}")
        return ended

    def refuse(self, command: Sequence[str], **more: str) -> str:
        """Run a command that must fail with a sentence and change nothing; return what it said."""
        before = digest(self.warehouse)
        ended = run(command, self.environment | more)
        if digest(self.warehouse) != before:
            raise WrongStateError(f"{' '.join(command)} failed and published: {ended.output}")
        if ended.status == 0:
            raise BrokenError(f"{' '.join(command)} succeeded: {ended.output}")
        check_plain(ended.output)
        return ended.output

    def check_free(self) -> None:
        """Check that no process holds the lock."""
        lock = candidate_path(self.warehouse).with_name(self.warehouse.name + ".lock")
        if lock.exists():
            probe = (
                "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
            )
            if subprocess.run([sys.executable, "-c", probe, lock], check=False).returncode:
                raise BrokenError("the lock is still held")

    def check_clean(self) -> None:
        """Check that nothing lies beside the published file but what belongs there."""
        self.check_free()
        kinds = {"candidate", "w.duckdb", "w.states", "w.models"}
        found = {path.name for path in self.warehouse.parent.iterdir()}
        if extra := {name for name in found - kinds if ".damaged" not in name}:
            raise BrokenError(f"left behind: {', '.join(sorted(extra))}")

    def mend(self) -> None:
        """Put a clean published file back, after a fault that was not survived."""
        self.warehouse.write_bytes(self.clean)
        self.warehouse.with_name("w.duckdb.wal").unlink(missing_ok=True)


def check_plain(output: str) -> None:
    """Check that a command printed sentences for a user, and no traceback.

    Raises:
        BrokenError: A traceback is in it.
    """
    if "Traceback (most recent call last)" in output or "Segmentation fault" in output:
        raise BrokenError(f"a traceback: {output[-3000:]}")


def stage(start: str, *command: str) -> list[str]:
    """Make the command that runs another on a candidate and publishes it."""
    return [sys.executable, "-m", "warehouse", "--start", start, "--", *command]


def make(target: str, **variables: object) -> list[str]:
    """Make the command of a target of the Makefile."""
    settings = [f"{name}={value}" for name, value in variables.items()]
    return ["make", "--no-print-directory", target, *settings]


def write_dataset(folder: Path, user_count: int) -> None:
    """Write ratings of every movie by every user, always the same ones."""
    folder.mkdir(parents=True)
    movies = [
        f'{i},"Movie {i}, The (19{60 + i % 40})",Drama|Comedy' for i in range(1, MOVIE_COUNT + 1)
    ]
    ratings = [
        f"{user},{movie},{1 + (user * movie) % 9 / 2},{1_000_000_000 + user * 977 + movie * 13}"
        for user in range(1, user_count + 1)
        for movie in range(1, MOVIE_COUNT + 1)
    ]
    (folder / "movies.csv").write_text("\n".join(["movieId,title,genres", *movies, ""]))
    (folder / "ratings.csv").write_text(
        "\n".join(["userId,movieId,rating,timestamp", *ratings, ""])
    )
