"""Connections to the DuckDB file, with the settings that every part of the project shares."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.errors import DamagedError, UserError
from warehouse.settings import read_settings

MAGIC_OFFSET = 8
"""A DuckDB file carries ``DUCK`` from its ninth byte on, after a checksum."""

CIRCUMSTANCES = (
    *(duckdb.IOException, duckdb.OutOfMemoryException, duckdb.SerializationException),
    *(duckdb.InternalException, duckdb.FatalException, duckdb.TransactionException),
)
"""What DuckDB raises when disk, memory or file are at fault, and not a statement."""

DAMAGE = (
    *("Corrupt database file", "Could not read enough bytes", "not a valid DuckDB database"),
    *("Failed to deserialize", "Serialization Error"),
)
"""How DuckDB words it that a file is not as it was written: each block has a checksum.

Its internal and fatal errors are not among them: a full disk may end in these, too.
"""


@contextmanager
def connect(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a warehouse file, and close it at the end of the block.

    Args:
        path: The file. Without ``read_only`` it is created where it does not exist.
        read_only: Leave the file as it is, and reach no other one; any number of readers may
            share it.

    Yields:
        A connection that works in UTC, with the threads and the memory limit of the settings.

    Raises:
        UserError: The file is missing, is not a DuckDB file, cannot be opened, or a setting is
            wrong; or while it is open, disk or memory do not suffice.
        DamagedError: The file is damaged, in a place that was read.
    """
    with told_of(path):
        connection = _open(path, read_only)
        try:
            yield connection
        finally:
            connection.close()


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Say in a sentence what disk, memory or damage did to the work on a file.

    Raises:
        UserError: The disk or the memory does not suffice, or DuckDB cannot have the file.
        DamagedError: The file is damaged.
    """
    try:
        yield
    except CIRCUMSTANCES as error:
        reason = _first_line(error)
        if isinstance(error, duckdb.OutOfMemoryException):
            text = f"{path} takes more than MEMORY_LIMIT to work on: {reason}"
        elif any(words in reason for words in DAMAGE):
            text = f"{path} is damaged: {reason}. `make build` makes it anew."
            raise DamagedError(text) from error
        else:
            text = f"{path} cannot be read or written: {reason}"
        raise UserError(text) from error


def write_ahead_log(path: Path) -> Path:
    """Name the file in which DuckDB keeps what it has not yet written to another."""
    return path.with_name(path.name + ".wal")


def _open(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    settings = read_settings()
    if read_only and not path.exists():
        raise UserError(f"There is no warehouse at {path}: `make build` makes one.")
    if path.exists() and path.stat().st_size and not _is_duckdb(path):
        raise UserError(f"{path} is not a DuckDB file: move it away, `make build` makes a new one.")
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except CIRCUMSTANCES:
        raise
    except duckdb.Error as error:
        raise UserError(f"{path} cannot be opened: {_first_line(error)}") from error
    connection.execute(f"set threads = {settings.threads}")
    connection.execute(f"set memory_limit = {quoted(settings.memory_limit)}")
    connection.execute("set TimeZone = 'UTC'")
    if read_only:
        # A reader reaches no other file: it can neither attach, nor copy, nor load anything.
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    return connection


def _is_duckdb(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(MAGIC_OFFSET + 4)[MAGIC_OFFSET:] == b"DUCK"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def quoted(value: str | Path) -> str:
    """Write a text or a path as an SQL literal, where a statement takes no parameters."""
    escaped = str(value).replace("'", "''")
    return f"'{escaped}'"
