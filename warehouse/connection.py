"""Connections to the DuckDB file, with the settings that every part of the project shares."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock

import duckdb

from warehouse.errors import DamagedError, UserError
from warehouse.settings import read_settings

MAGIC_OFFSET = 8
"""Bytes of a checksum, which stand before the bytes ``DUCK`` that mark a DuckDB file."""

CIRCUMSTANCES = (
    *(duckdb.IOException, duckdb.OutOfMemoryException, duckdb.SerializationException),
    *(duckdb.InternalException, duckdb.FatalException, duckdb.TransactionException),
)
"""What DuckDB raises when the disk, the memory or the file is at fault, not a statement."""

DAMAGE = (
    *("Corrupt database file", "Could not read enough bytes", "not a valid DuckDB database"),
    *("Failed to deserialize", "Serialization Error"),
)
"""What DuckDB says of a file that is not as it was written: each block has a checksum.

Its internal and fatal errors are left out, because a full disk can cause them too.
"""


CLOSED = {
    # A reader reaches no other file: it can neither attach, nor copy, nor load anything
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "lock_configuration": "true",
}
"""Settings of a reader, in the order in which they are made; the last one locks the others."""

BUILDS = "builds"
"""The folder beside a published file that holds what Spark built, which a reader may read too."""

OPENING = Lock()
"""Held while a connection is set up: DuckDB shares settings between the readers of a process."""


@contextmanager
def connect(
    path: Path, *, read_only: bool = False, may_spill: bool = True
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a warehouse file, and close it at the end of the block.

    Args:
        path: The file. Without ``read_only`` it is created where it does not exist.
        read_only: Read the file, and write to no other. Any number of readers may share it.
        may_spill: Put on disk what does not fit into memory. The first reader of a process decides
            for those that are open beside it.

    Yields:
        A connection that works in UTC, with the threads and the memory limit of the settings.

    Raises:
        UserError: The file is missing, is not a DuckDB file or cannot be opened; a setting is
            wrong; or disk or memory run out while the file is open.
        DamagedError: A part of the file that was read is damaged.
    """
    with user_errors(path):
        connection = _open(path, read_only, may_spill)
        try:
            yield connection
        finally:
            connection.close()


@contextmanager
def user_errors(path: Path) -> Iterator[None]:
    """Turn what DuckDB raises about disk, memory and damage into sentences about a file.

    Raises:
        UserError: Disk or memory run out, or DuckDB cannot open the file.
        DamagedError: The file is damaged.
    """
    try:
        yield
    except CIRCUMSTANCES as error:
        reason = first_line(error)
        if isinstance(error, duckdb.OutOfMemoryException):
            text = f"Work on {path} takes more than MEMORY_LIMIT: {reason}"
        elif any(words in reason for words in DAMAGE):
            text = f"{path} is damaged: {reason}. `make build` builds it again."
            raise DamagedError(text) from error
        else:
            text = f"{path} cannot be read or written: {reason}"
        raise UserError(text) from error


def write_ahead_log(path: Path) -> Path:
    """Name the file beside a DuckDB file that holds what is not yet written into it."""
    return path.with_name(path.name + ".wal")


def _open(path: Path, read_only: bool, may_spill: bool) -> duckdb.DuckDBPyConnection:
    if read_only and not path.exists():
        raise UserError(f"There is no warehouse at {path}: `make build` makes one.")
    if path.exists() and path.stat().st_size and not _is_duckdb(path):
        raise UserError(
            f"{path} is not a DuckDB file: move it away, and `make build` makes a new one."
        )
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except CIRCUMSTANCES:
        raise
    except duckdb.Error as error:
        raise UserError(f"{path} cannot be opened: {first_line(error)}") from error
    with OPENING:
        _set_up(connection, read_only, may_spill, path.absolute().parent / BUILDS)
    return connection


def _set_up(
    connection: duckdb.DuckDBPyConnection, read_only: bool, may_spill: bool, builds: Path
) -> None:
    ((is_locked,),) = connection.execute("select current_setting('lock_configuration')").fetchall()
    if is_locked:
        return  # Another reader of this process has set it up
    settings = read_settings()
    connection.execute(f"set threads = {settings.threads}")
    connection.execute(f"set memory_limit = {quoted(settings.memory_limit)}")
    connection.execute("set global TimeZone = 'UTC'")
    if not may_spill:
        connection.execute("set temp_directory = ''")
    if read_only and builds.is_dir():
        connection.execute(f"set allowed_directories = [{quoted(builds)}]")
    for name, value in CLOSED.items() if read_only else ():
        connection.execute(f"set {name} = {value}")


def _is_duckdb(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(MAGIC_OFFSET + 4)[MAGIC_OFFSET:] == b"DUCK"


def first_line(error: Exception) -> str:
    """Cut what DuckDB or Spark says to its first line: the others show the statement."""
    return str(error).partition("\n")[0]


def quoted(value: str | Path) -> str:
    """Write a text or a path as an SQL literal, where a statement takes no parameters."""
    escaped = str(value).replace("'", "''")
    return f"'{escaped}'"


def literal(value: str | float | datetime | None) -> str:
    """Write a value as an SQL literal.

    Commands that are to start at once give no parameters: for these DuckDB imports pandas, which
    takes a third of a second.
    """
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"cast({quoted(repr(value))} as double)"
    if isinstance(value, datetime):
        return f"cast({quoted(value.isoformat())} as timestamp)"
    return quoted(value) if isinstance(value, str) else str(value)


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: Iterable[Sequence[str | float | datetime | None]],
) -> None:
    """Insert rows into a table, in the order of its columns."""
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    if values:
        connection.execute(f"insert into {table} values {values}")
