"""The source tables, such as ``raw.*`` and ``ml.*``, as dbt's source files define them."""

from pathlib import Path
from typing import Any

import duckdb
import yaml

SOURCES = Path(__file__).parents[1] / "dbt_project" / "models" / "staging"


def source_columns(source: str) -> dict[str, dict[str, str]]:
    """Read the columns of a source's tables from its .yml file.

    Args:
        source: ``raw``, ``ml`` or ``gates``.

    Returns:
        The DuckDB type of each column, by table and column name, in the order of the file.
    """
    return {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        for table in _definition(source)["tables"]
    }


def source_schema(source: str) -> str:
    """Read the schema that holds a source's tables from its .yml file."""
    return str(_definition(source)["schema"])


def create_tables(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Create those tables of a source that do not exist yet.

    Args:
        connection: A connection that may write.
        source: ``raw``, ``ml`` or ``gates``.
    """
    schema = source_schema(source)
    connection.execute(f"create schema if not exists {schema}")
    for table, columns in source_columns(source).items():
        definition = ", ".join(f"{name} {data_type}" for name, data_type in columns.items())
        connection.execute(f"create table if not exists {schema}.{table} ({definition})")


def _definition(source: str) -> dict[str, Any]:
    (file,) = SOURCES.glob(f"*/_{source}_sources.yml")
    text = file.read_text(encoding="utf-8")
    (definition,) = yaml.safe_load(text)["sources"]
    return dict(definition)
