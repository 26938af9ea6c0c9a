"""The source tables, such as ``raw.*`` and ``ml.*``, as dbt's source files define them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import yaml

from warehouse.connection import quoted

MODELS = Path(__file__).parents[1] / "dbt_project" / "models"

COMPUTED_WHEN_ASKED = ("features.stack_features", "features.stack_session_features")
"""Views that fits read, of one protocol: to count or copy them whole takes longer than a build."""

DOCS = re.compile(r"{% docs (\w+) %}(.*?){% enddocs %}", re.DOTALL)

DOC = re.compile(r"{{ doc\('(\w+)'\) }}")


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


def describe_tables(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Write what source tables and their columns mean into those of a database that are there.

    dbt writes the descriptions of marts. It writes none of sources.
    """
    docs = dict(DOCS.findall((MODELS / "columns.md").read_text(encoding="utf-8")))
    there = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
        " inner join duckdb_tables() using (database_name, schema_name, table_name)"
        f" where database_name = {quoted(database)}"
    ).fetchall()
    connection.begin()
    for schema, table, description, columns in _descriptions():
        if (schema, table) not in {row[:2] for row in there}:
            continue
        name = f"{database}.{schema}.{table}"
        connection.execute(f"comment on table {name} is {quoted(description.strip())}")
        for column, text in columns.items():
            if (schema, table, column) in there:
                said = DOC.sub(lambda doc: docs[doc[1]], text).strip()
                connection.execute(f"comment on column {name}.{column} is {quoted(said)}")
    connection.commit()


def _descriptions() -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Read the schema, name, description and columns' descriptions of each source table."""
    for file in sorted(MODELS.glob("staging/*/_*_sources.yml")):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"]:
                columns = {column["name"]: column["description"] for column in table["columns"]}
                yield source["schema"], table["name"], table["description"], columns


def _definition(source: str) -> dict[str, Any]:
    (file,) = MODELS.glob(f"staging/*/_{source}_sources.yml")
    text = file.read_text(encoding="utf-8")
    (definition,) = yaml.safe_load(text)["sources"]
    return dict(definition)
