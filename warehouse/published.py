"""Published files: which release's they are, and reading them."""

from pathlib import Path

import duckdb

from warehouse.connection import connect
from warehouse.errors import UserError

FORMAT = 2
"""Counts up with each release whose relations another release would misread."""


def stamp(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Write the format into a database that is about to be published."""
    connection.execute(
        f"create or replace table {database}.main.warehouse_format as select {FORMAT} as version"
    )


def read_published(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a published file, read-only.

    Raises:
        UserError: The file is missing, cannot be opened, or is of another release.
    """
    connection = connect(path, read_only=True)
    try:
        ((version,),) = connection.execute("select version from main.warehouse_format").fetchall()
    except (duckdb.CatalogException, ValueError):
        version = "none"
    if version != FORMAT:
        connection.close()
        raise UserError(
            f"{path} was published by another release (format {version}, and this one's is"
            f" {FORMAT}): `make build` makes it anew and keeps its runs."
        )
    return connection
