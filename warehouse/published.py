"""Published files: the format that they are stamped with, and reading them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.connection import connect, literal
from warehouse.errors import UserError
from warehouse.untrained import stand_in

FORMAT = 5
"""One more with each release whose relations another release would misread."""


def stamp(
    connection: duckdb.DuckDBPyConnection, database: str, built_by: str | None = None
) -> None:
    """Write into a database that is about to be published its format, and what built it."""
    connection.execute(
        f"create or replace table {database}.main.warehouse_format as"
        f" select {FORMAT} as version, cast({literal(built_by)} as varchar) as built_by"
    )


@contextmanager
def read_published(path: Path, *, may_spill: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published file, read-only, and close it at the end of the block.

    Args:
        path: The file.
        may_spill: Put on disk what does not fit into memory.

    Yields:
        A connection, as :func:`connect` opens it. What only training makes can be read as if it
        were empty where nothing was trained.

    Raises:
        UserError: The file is missing, cannot be opened, or is of another release.
        DamagedError: A part of it that was read is damaged.
    """
    with connect(path, read_only=True, may_spill=may_spill) as connection:
        try:
            ((version,),) = connection.execute(
                "select version from main.warehouse_format"
            ).fetchall()
        except (duckdb.CatalogException, ValueError):
            version = "none"
        if version != FORMAT:
            raise UserError(
                f"{path} was published by another release (format {version}, where this one"
                f" needs {FORMAT}): `make build` builds it again and keeps its runs."
            )
        stand_in(connection)
        yield connection


def check_whole(path: Path) -> None:
    """Read every value of a file, so that any damage is found.

    Raises:
        UserError: The file is missing or cannot be opened.
        DamagedError: It is damaged.
    """
    with connect(path, read_only=True) as connection:
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall():
            connection.execute(f'select bit_xor(hash(t)) from "{schema}"."{table}" as t').fetchall()
