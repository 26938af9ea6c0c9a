"""Load a folder of ratings into ``raw.*``: every line becomes a row there or a rejected line."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingest.files import SourceFile, find_files, sha256
from ingest.free_text import load_records
from ingest.parquet import load_parquet
from ingest.rating_lines import load_rating_lines
from warehouse.connection import first_line, quoted
from warehouse.errors import UserError
from warehouse.tables import create_tables

Progress = Callable[[SourceFile], None]


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
    progress: Progress = lambda file: None,
) -> list[Load]:
    """Fill the ``raw`` tables from a folder; what they held before is removed.

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
    loaded_at = datetime.now(UTC).replace(tzinfo=None)
    connection.execute("drop schema if exists raw cascade")
    create_tables(connection, "raw")
    loads = []
    for file in files:
        progress(file)
        loads.append(_load_file(connection, file, limit, loaded_at))
    return loads


def _load_file(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, limit: int | None, loaded_at: datetime
) -> Load:
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
    if line_count == 0:
        raise UserError(f"{file.path} has no {file.table} in it.")
    accepted_count = _count(connection, f"raw.{file.table}")
    rejected_count = _count(
        connection, f"raw.rejected_lines where source_file = {quoted(file.path.name)}"
    )
    if line_count != accepted_count + rejected_count:
        raise UserError(
            f"{file.path} has {line_count} lines, but {accepted_count + rejected_count} were read:"
            " was it written to meanwhile?"
        )
    dataset = file.path.parent.resolve().name + (f", first {limit} ratings" if limit else "")
    connection.execute(
        "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file.path.name,
            file.table,
            file.path.stat().st_size,
            sha256(file.path),
            line_count,
            accepted_count,
            rejected_count,
            loaded_at,
            dataset,
        ],
    )
    return Load(file, line_count, accepted_count, rejected_count)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    ((count,),) = connection.execute(f"select count(*) from {relation}").fetchall()
    return int(count)
