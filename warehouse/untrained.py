"""A warehouse on which nothing was trained: it lacks what `make train` makes, and reads as empty.

A build leaves out the schemas that only fits and judging fill. Where a published file has none of
one, its readers see each of its relations without rows, and say what they say of that. Where it has
the schema, a relation that it lacks is an error, as it is in any other schema.
"""

from functools import cache
from threading import Lock

import duckdb
import yaml

from warehouse.connection import quoted
from warehouse.tables import MODELS

TRAINED = ("features", "predictions")
"""The schemas that training makes."""

NOTHING_TRAINED = "Nothing was trained on these data: make train"

STANDING_IN = Lock()
"""Held while stand-ins are made: the readers of a process share them."""


def stand_in(connection: duckdb.DuckDBPyConnection) -> None:
    """Let an open file's missing schemas of training be read as if they were empty.

    A file that is open for reading alone takes no tables. In the place of a schema stands a
    database in memory that has the schema's name.
    """
    for schema in TRAINED:
        if not has_schema(connection, schema):
            with STANDING_IN:
                connection.execute(f"attach if not exists ':memory:' as {schema} (read_write)")
                for name, columns in mart_columns(schema).items():
                    typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
                    connection.execute(f"create table if not exists {schema}.{name} ({typed})")


def has_schema(connection: duckdb.DuckDBPyConnection, schema: str) -> bool:
    """Tell whether the file that a connection has opened has a schema."""
    # Not as a parameter, for which DuckDB would import pandas
    found = connection.execute(
        "select 1 from duckdb_schemas()"
        f" where schema_name = {quoted(schema)} and database_name = current_database()"
    ).fetchall()
    return bool(found)


@cache
def mart_columns(folder: str) -> dict[str, dict[str, str]]:
    """Read the contracts of the marts in a folder.

    Args:
        folder: Its path below ``marts``, such as ``gates/predictions``.

    Returns:
        The DuckDB type of each column, by mart and column name.
    """
    marts = {}
    for file in sorted((MODELS / "marts" / folder).glob("*.yml")):
        # The loader in C takes a tenth of the time
        definition = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        for model in definition.get("models", ()):
            marts[model["name"]] = {
                column["name"]: column["data_type"] for column in model["columns"]
            }
    return marts
