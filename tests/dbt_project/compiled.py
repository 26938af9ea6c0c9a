"""dbt's SQL, compiled once for all tests, and the relations that it makes in memory."""

import json
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from tests.pipeline import ROOT, Pipeline

Manifest = dict[str, dict]

LOADED_AT = datetime(2020, 6, 15, 12)
"""When the raw tables that :func:`load` fills were loaded."""


def compile_project(folder: Path) -> None:
    """Compile every model and analysis beside an empty database, into ``folder / "target"``."""
    # Of the name of all warehouses of tests, for which dbt has parsed the project once
    candidate = folder / "warehouse.duckdb"
    result = subprocess.run(
        [
            *(sys.executable, "-m", "warehouse.dbt", "compile"),
            *("--project-dir", "dbt_project", "--profiles-dir", "."),
            *("--select", "resource_type:model", "resource_type:analysis"),
            # Leaves out the tests of what is selected: nobody reads their SQL here
            *("--indirect-selection", "empty"),
        ],
        cwd=ROOT,
        env=Pipeline(folder).environment | {"REELHOUSE_CANDIDATE": str(candidate)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"


@dataclass(frozen=True)
class Compiled:
    """The project as dbt knows it, its models and analyses as plain SQL.

    Attributes:
        manifest: dbt's manifest. All tests of a process share it, so they only read it.
    """

    manifest: Manifest

    @classmethod
    def of(cls, folder: Path) -> "Compiled":
        """Read what :func:`compile_project` left in a folder."""
        return cls(json.loads((folder / "target" / "manifest.json").read_text()))

    def model(self, name: str) -> dict:
        return self.manifest["nodes"][f"model.reelhouse.{name}"]

    def analysis(self, name: str) -> dict:
        return self.manifest["nodes"][f"analysis.reelhouse.{name}"]

    def in_memory(
        self,
        *goals: str,
        given: Mapping[str, str] | None = None,
        tables: Collection[str] = (),
        threads: int = 1,
    ) -> duckdb.DuckDBPyConnection:
        """Create models and everything that they read, over tables that are still empty.

        Args:
            goals: Models by name.
            given: Columns, as in ``create table``, of the models that a test fills itself:
                a table takes the model's place, and what only the model reads is left out.
            tables: Models that are computed once, here; all others are views.
            threads: Of DuckDB.
        """
        given = given or {}
        connection = duckdb.connect(config={"threads": threads})
        connection.execute("set TimeZone = 'UTC'")
        made: set[str] = set()

        def make(key: str) -> None:
            if key in made:
                return
            made.add(key)
            node = self.manifest["nodes"].get(key) or self.manifest["sources"][key]
            schema, name = node["schema"], node["name"]
            connection.execute(f"create schema if not exists {schema}")
            if name in given or node["resource_type"] == "source":
                columns = given.get(name) or declared_columns(node)
                connection.execute(f"create table {schema}.{name} ({columns})")
                return
            for parent in node["depends_on"]["nodes"]:
                make(parent)
            kind = "table" if name in tables else "view"
            connection.execute(f"create {kind} {schema}.{name} as {node['compiled_code']}")

        for goal in goals:
            make(self.model(goal)["unique_id"])
        return connection


def declared_columns(source: dict) -> str:
    return ", ".join(f"{name} {column['data_type']}" for name, column in source["columns"].items())


def fill(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pd.DataFrame]) -> None:
    """Put rows, their columns in order, in place of those that the tables hold."""
    for relation, frame in tables.items():
        connection.execute(f"truncate {relation}")
        if len(frame):
            connection.register("rows_to_insert", frame)
            connection.execute(f"insert into {relation} from rows_to_insert")


def load(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, list[tuple]]) -> None:
    """Put rows into the raw tables, with file names and line numbers."""
    connection.execute("truncate raw.loads")
    for table, rows in tables.items():
        connection.execute(f"truncate raw.{table}")
        file = f"{table}.csv"
        connection.execute(
            "insert into raw.loads (source_file, table_name, line_count, loaded_at)"
            " values (?, ?, ?, ?)",
            [file, table, len(rows), LOADED_AT],
        )
        if rows:
            marks = ", ".join("?" * (len(rows[0]) + 2))
            connection.executemany(
                f"insert into raw.{table} values ({marks})",
                [(*row, file, number) for number, row in enumerate(rows, start=2)],
            )
