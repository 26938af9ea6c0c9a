"""A summary of the warehouse for the terminal: relations, tests, refused lines, model errors."""

from pathlib import Path

import duckdb
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

SCHEMAS = ("raw", "core", "quality", "analytics", "features", "ml", "predictions")


def summarise(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> RenderableType:
    """Lay out what a warehouse holds, for a terminal of 80 columns.

    Args:
        connection: A connection to the warehouse.
        warehouse: The file, for its name and size.

    Returns:
        Something that a rich console prints.
    """
    size = warehouse.stat().st_size / 1e6
    parts: list[RenderableType] = [
        Text(f"{warehouse}, {size:,.1f} MB", style="bold"),
        Text(),
        _relations(connection),
        Text(),
        Text(_tests(connection)),
        *(Text(line) for line in _refused(connection)),
        Text(),
        _errors(connection),
        Text(),
        Text("next"),
        Text("  make sql                        ask the warehouse in SQL"),
        Text("  make docs                       read what each table and column means"),
        Text("  make DATASET=ml-latest-small    do it all for a MovieLens release"),
    ]
    return Group(*parts)


def _relations(connection: duckdb.DuckDBPyConnection) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("schema")
    table.add_column("relations and their rows")
    for schema in SCHEMAS:
        names = [
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = ?"
                " order by table_name",
                [schema],
            ).fetchall()
        ]
        counts = (f"{name}\u00a0{_count(connection, schema, name):,}" for name in names)
        table.add_row(schema, ", ".join(counts))
    return table


def _count(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> int:
    ((count,),) = connection.execute(f'select count(*) from "{schema}"."{name}"').fetchall()
    return int(count)


def _tests(connection: duckdb.DuckDBPyConnection) -> str:
    counts = dict(
        connection.execute(
            "select status, count(*) from quality.test_results group by status order by status"
        ).fetchall()
    )
    others = [f", {count} {status}" for status, count in counts.items() if status != "pass"]
    return f"tests passed: {counts.get('pass', 0)}{''.join(others)}"


def _refused(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rules = connection.execute(
        "select table_name, rule, count(*) from intermediate.int_refused_lines"
        " group by all order by all"
    ).fetchall()
    if not rules:
        return ["lines refused: none"]
    return [f"lines refused: {count:,} of {table} by {rule}" for table, rule, count in rules]


def _errors(connection: duckdb.DuckDBPyConnection) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("error on held-out ratings")
    for name in ("RMSE in stars", "95% interval", "ratings"):
        table.add_column(name, justify="right")
    for model, value, low, high, count in connection.execute(
        "select model, value, ci_low, ci_high, row_count from predictions.model_leaderboard"
        " where protocol = 'random' and metric = 'rmse' and slice = 'all' order by value"
    ).fetchall():
        table.add_row(model, f"{value:.4f}", f"{low:.4f} to {high:.4f}", f"{count:,}")
    return table
