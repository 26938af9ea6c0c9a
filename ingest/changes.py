"""Load what a folder has and the raw tables have not: new files, changed ones, and grown ones."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from ingest.files import SourceFile, find_files, fingerprint, sha256
from ingest.load import (
    Load,
    Progress,
    dataset_name,
    load_file,
    load_folder,
    now,
    record,
)
from warehouse.connection import quoted
from warehouse.tables import create_tables

MOST_CHANGED_BYTES = 0.2
"""From this share of changed bytes of ratings on, it is cheaper to load all anew."""

TRAINED = ("features", "predictions")
"""Schemas that a training fills. They go where another dataset comes."""

PLAIN_SUFFIXES = (".csv", ".dat", ".data")
"""Endings of files whose first bytes are their first lines."""


@dataclass(frozen=True)
class Loaded:
    """A file as it was loaded before, as ``raw.loads`` has it."""

    table: str
    byte_count: int
    digest: str
    line_count: int
    accepted_count: int
    rejected_count: int
    loaded_at: datetime


@dataclass(frozen=True)
class Changes:
    """How a folder differs from what is loaded.

    Attributes:
        gone: Names of files whose lines are to be removed: no longer there, or other ones.
        fresh: Files to load whole.
        grown: Files of ratings that go on after the lines that are loaded.
    """

    gone: list[str]
    fresh: list[SourceFile]
    grown: list[SourceFile]

    def __bool__(self) -> bool:
        return bool(self.gone or self.fresh or self.grown)


def load_changes(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    limit: int | None = None,
    progress: Progress = lambda path: None,
) -> list[Load] | None:
    """Bring the ``raw`` tables to what a folder holds, reading what is new alone.

    Which users' ratings of which movies that touches stands in ``raw.changed_ratings`` afterwards.
    All is loaded anew where little of the dataset is loaded yet, or only its first ratings are.

    Args:
        connection: A connection that may write.
        folder: The dataset.
        limit: Read only so many lines of ratings.
        progress: Called with each file before it is read.

    Returns:
        What became of each file that was read; ``None`` where the tables hold all already.

    Raises:
        UserError: The folder, a file or a header is not what it must be.
    """
    loaded = _loaded(connection, dataset_name(folder, limit))
    if not loaded:
        for schema in TRAINED:
            connection.execute(f"drop schema if exists {schema} cascade")
        return load_folder(connection, folder, limit, progress)
    changes = _find_changes(find_files(folder), loaded)
    if not changes:
        return None
    if limit or _changed_bytes(changes, loaded) > MOST_CHANGED_BYTES * _rating_bytes(loaded):
        return load_folder(connection, folder, limit, progress)
    return _apply(connection, changes, loaded, dataset_name(folder, limit), progress)


def _loaded(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, Loaded]:
    """Read which files are loaded, by name; none where they are of another dataset."""
    create_tables(connection, "raw")
    rows = connection.execute(
        "select source_file, table_name, bytes, sha256, line_count, accepted_count, rejected_count,"
        " loaded_at, dataset from raw.loads"
    ).fetchall()
    if any(row[-1] != dataset for row in rows):
        return {}
    return {row[0]: Loaded(*row[1:-1]) for row in rows}


def _find_changes(files: list[SourceFile], loaded: dict[str, Loaded]) -> Changes:
    grown, fresh = [], []
    for file in files:
        before = loaded.get(file.path.name)
        if before is None:
            fresh.append(file)
        elif _has_grown(file, before):
            grown.append(file)
        elif file.path.stat().st_size != before.byte_count or sha256(file.path) != before.digest:
            fresh.append(file)
    kept = {file.path.name for file in files} - {file.path.name for file in fresh}
    return Changes([name for name in loaded if name not in kept], fresh, grown)


def _has_grown(file: SourceFile, before: Loaded) -> bool:
    """Tell whether a file has more lines than before, after the same bytes."""
    if file.table != "ratings" or file.path.suffix not in PLAIN_SUFFIXES:
        return False
    if file.path.stat().st_size <= before.byte_count:
        return False
    with file.path.open("rb") as content:
        content.seek(before.byte_count - 1)
        if content.read(1) != b"\n":
            return False
    return sha256(file.path, before.byte_count) == before.digest


def _changed_bytes(changes: Changes, loaded: dict[str, Loaded]) -> int:
    """Count bytes of ratings that are to be removed or read."""
    gone = sum(loaded[name].byte_count for name in changes.gone if loaded[name].table == "ratings")
    fresh = sum(file.path.stat().st_size for file in changes.fresh if file.table == "ratings")
    grown = sum(
        file.path.stat().st_size - loaded[file.path.name].byte_count for file in changes.grown
    )
    return gone + fresh + grown


def _rating_bytes(loaded: dict[str, Loaded]) -> int:
    return sum(before.byte_count for before in loaded.values() if before.table == "ratings")


def _apply(
    connection: duckdb.DuckDBPyConnection,
    changes: Changes,
    loaded: dict[str, Loaded],
    dataset: str,
    progress: Progress,
) -> list[Load]:
    loaded_at = now()
    last_loaded_at = max(before.loaded_at for before in loaded.values())
    connection.execute(
        "create or replace temp table movies_before as select movieId from raw.movies"
    )
    for name in changes.gone:
        _remove(connection, name, loaded[name].table)
    loads = []
    for file in changes.fresh:
        progress(file.path)
        loads.append(load_file(connection, file))
        record(connection, loads[-1], fingerprint(file.path), dataset, loaded_at)
        if file.table == "ratings":
            _note(connection, f"source_file = {quoted(file.path.name)}")
    for file in changes.grown:
        progress(file.path)
        loads.append(_load_end(connection, file, loaded[file.path.name], dataset, loaded_at))
    # What is judged otherwise now: ratings of movies that came or went, and of the time since
    _note(
        connection,
        """
        movieId in (
            (from movies_before except from (select movieId from raw.movies))
            union all
            (select movieId from raw.movies except from movies_before)
        )
        """,
    )
    _note(connection, f"timestamp > epoch(timestamp {quoted(str(last_loaded_at))})")
    connection.execute("drop table movies_before")
    return loads


def _remove(connection: duckdb.DuckDBPyConnection, name: str, table: str) -> None:
    of_file = f"source_file = {quoted(name)}"
    if table == "ratings":
        _note(connection, of_file)
    for relation in (table, "rejected_lines", "loads"):
        connection.execute(f"delete from raw.{relation} where {of_file}")


def _load_end(
    connection: duckdb.DuckDBPyConnection,
    file: SourceFile,
    before: Loaded,
    dataset: str,
    loaded_at: datetime,
) -> Load:
    """Load the lines of a file that come after those that are loaded."""
    lines_before = before.line_count + int(file.has_header)
    with _end(file.path, before.byte_count) as end:
        part = replace(file, path=end, has_header=False, lines_before=lines_before)
        load = load_file(connection, part)
    whole = Load(
        file,
        before.line_count + load.line_count,
        before.accepted_count + load.accepted_count,
        before.rejected_count + load.rejected_count,
    )
    name = quoted(file.path.name)
    connection.execute(f"delete from raw.loads where source_file = {name}")
    record(connection, whole, fingerprint(file.path), dataset, loaded_at)
    _note(connection, f"source_file = {name} and line_number > {lines_before}")
    return replace(load, file=file)


@contextmanager
def _end(path: Path, byte_count: int) -> Iterator[Path]:
    """Yield a copy of a file without its first bytes, under the same name."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        with path.open("rb") as whole, copy.open("wb") as end:
            whole.seek(byte_count)
            shutil.copyfileobj(whole, end)
        yield copy


def _note(connection: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Note the users and movies of some ratings as changed."""
    connection.execute(
        "insert into raw.changed_ratings"
        f" select distinct userId, movieId from raw.ratings where {condition}"
    )
