"""Load a folder of ratings into ``raw.*``: every line becomes a row there or a rejected line."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingest.files import SourceFile, find_files, fingerprint
from ingest.free_text import load_records
from ingest.parquet import load_parquet
from ingest.rating_lines import load_rating_lines
from warehouse.connection import first_line, insert_rows, quoted
from warehouse.errors import UserError
from warehouse.tables import create_tables

Progress = Callable[[str | Path], None]

BUILT_FROM_LINES = ("raw", "core")
"""Schemas that hold what earlier lines became, and to which a build of changes adds."""


@dataclass(frozen=True)
class Load:
    """What became of a file's lines.

    Attributes:
        file: The file.
        line_count: Lines read, without the header; a record of several lines counts as one.
        accepted_count: Rows in the raw table.
        rejected_count: Rows in ``raw.rejected_lines``.
    """

    file: SourceFile
    line_count: int
    accepted_count: int
    rejected_count: int


def load_folder(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    limit: int | None = None,
    progress: Progress = lambda path: None,
) -> list[Load]:
    """Fill the ``raw`` tables from a folder; what was there before of other lines is removed.

    Args:
        connection: A connection that may write.
        folder: The dataset; :func:`ingest.files.find_files` says what it may hold.
        limit: Read only so many lines of ratings.
        progress: Called with each file before it is read.

    Returns:
        What became of each file, in the order of reading.

    Raises:
        UserError: The folder, a file or a header is not what it must be.
    """
    files = find_files(folder)
    loaded_at = now()
    for schema in BUILT_FROM_LINES:
        connection.execute(f"drop schema if exists {schema} cascade")
    create_tables(connection, "raw")
    loads: list[Load] = []
    for file in files:
        left = lines_left(limit, loads)
        if file.table == "ratings" and left == 0:
            continue
        progress(file.path)
        loads.append(load_file(connection, file, left))
        dataset = dataset_name(folder, limit)
        record(connection, loads[-1], fingerprint(file.path), dataset, loaded_at)
    return loads


def lines_left(limit: int | None, loads: list[Load]) -> int | None:
    """Tell how many lines of ratings are still to be read, if not all."""
    return limit and limit - sum(x.line_count for x in loads if x.file.table == "ratings")


def now() -> datetime:
    """Tell the time in UTC, as the raw tables have it."""
    return datetime.now(UTC).replace(tzinfo=None)


def dataset_name(folder: Path, limit: int | None) -> str:
    """Name a dataset: its folder, and the limit where only the first ratings are loaded."""
    return folder.resolve().name + (f", first {limit} ratings" if limit else "")


def load_file(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, limit: int | None = None
) -> Load:
    """Add the lines of one file to its raw table, or to the rejected lines.

    Raises:
        UserError: The file cannot be read, or has no lines.
    """
    table = f"raw.{file.table}"
    rejected = f"raw.rejected_lines where source_file = {quoted(file.path.name)}"
    accepted_before, rejected_before = _count(connection, table), _count(connection, rejected)
    # The order of rows is the order of lines until each row has its line number
    connection.execute("set preserve_insertion_order = true")
    try:
        if file.path.suffix == ".parquet":
            line_count = load_parquet(connection, file, limit)
        elif file.table == "ratings":
            line_count = load_rating_lines(connection, file, limit)
        else:
            line_count = load_records(connection, file)
    except duckdb.OutOfMemoryException as error:
        text = f"Loading {file.path} takes more than MEMORY_LIMIT: {first_line(error)}"
        raise UserError(text) from error
    except (duckdb.Error, OSError) as error:
        raise UserError(f"{file.path} cannot be read: {first_line(error)}") from error
    finally:
        connection.execute("set preserve_insertion_order = false")
    accepted_count = _count(connection, table) - accepted_before
    rejected_count = _count(connection, rejected) - rejected_before
    load = Load(file, line_count, accepted_count, rejected_count)
    check_counts(load)
    return load


def check_counts(load: Load) -> None:
    """Check that a file has lines, and that each became a row or a rejected line.

    Raises:
        UserError: It has none, or not each did.
    """
    read_count = load.accepted_count + load.rejected_count
    if load.line_count == 0:
        raise UserError(f"{load.file.path} has no {load.file.table} in it.")
    if load.line_count != read_count:
        raise UserError(
            f"{load.file.path} has {load.line_count} lines, but {read_count} were read: was it"
            " written to meanwhile?"
        )


def record(
    connection: duckdb.DuckDBPyConnection,
    load: Load,
    content: tuple[int, str],
    dataset: str,
    loaded_at: datetime,
) -> None:
    """Write into ``raw.loads`` what became of a file, with its size and digest."""
    row = (
        load.file.path.name,
        load.file.table,
        *content,
        load.line_count,
        load.accepted_count,
        load.rejected_count,
        loaded_at,
        dataset,
    )
    insert_rows(connection, "raw.loads", [row])


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    ((count,),) = connection.execute(f"select count(*) from {relation}").fetchall()
    return int(count)
