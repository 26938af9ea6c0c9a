"""A summary of the warehouse for the terminal: relations, tests, refused lines, model errors."""

import textwrap
from pathlib import Path

import duckdb
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from warehouse.lake import build_of
from warehouse.tables import COMPUTED_WHEN_ASKED
from warehouse.text import printable
from warehouse.untrained import NOTHING_TRAINED

RATING_CELLS = [("rmse", "random"), ("rmse", "temporal"), ("rmse", "last")]
LIST_CELLS = [("ndcg@10", "last"), ("recall@20", "last"), ("coverage@20", "last")]

WIDTH = 80

NEXT = {
    "make recommend USER=200": "what to watch next, and why",
    "make explore": "look around in a browser",
    "make sql": "ask the warehouse in SQL",
    "make docs": "what each table and column means",
    "make DATASET=ml-latest-small": "do it all for a MovieLens release",
}

SCHEMAS = (
    *("raw", "published", "core", "quality", "analytics"),
    *("features", "gates", "ml", "predictions"),
)


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
        *_models(connection),
        *_segments(connection),
        Text("next"),
        *(Text(line) for line in _next(connection)),
    ]
    return Group(*parts)


def _next(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Name commands that read this warehouse, whichever engine built it."""
    target = "" if build_of(connection) is None else " TARGET=spark"
    width = max(map(len, NEXT)) + len(target)
    return [f"  {command + target:{width}}    {gives}" for command, gives in NEXT.items()]


def _relations(connection: duckdb.DuckDBPyConnection) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("schema")
    table.add_column("relations and their rows")
    for schema in SCHEMAS:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = $schema"
            " and table_schema || '.' || table_name not in (from unnest($left_out))"
            " order by table_name",
            {"schema": schema, "left_out": list(COMPUTED_WHEN_ASKED)},
        ).fetchall()
        counts = (f"{name}\u00a0{_count(connection, schema, name):,}" for (name,) in names)
        # Filled here, since rich would break a line between a name and its count
        table.add_row(schema, textwrap.fill(", ".join(counts), WIDTH - len("predictions") - 2))
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
        "select table_name, rule, count(*) from ("
        " select table_name, rule from quality.quarantined_rows union all"
        " select table_name, error from raw.rejected_lines inner join raw.loads using (source_file)"
        ") group by all order by all"
    ).fetchall()
    if not rules:
        return ["lines refused: none"]
    return [f"lines refused: {count:,} of {table} by {rule}" for table, rule, count in rules]


def _models(connection: duckdb.DuckDBPyConnection) -> list[RenderableType]:
    if not connection.execute("select 1 from predictions.model_leaderboard limit 1").fetchall():
        return [Text(NOTHING_TRAINED), Text()]
    ratings = _leaderboard(connection, "held-out ratings", RATING_CELLS)
    lists = _leaderboard(connection, "lists of 20 movies", LIST_CELLS)
    return [
        *(ratings, *_unknown(connection), Text()),
        *(lists, *_time_aware(connection), *_limits(connection), Text()),
    ]


def _unknown(connection: duckdb.DuckDBPyConnection) -> list[RenderableType]:
    """Say of how many held-out ratings vectors alone can know nothing."""
    rows = connection.execute(
        "select protocol, max(value) from predictions.model_leaderboard"
        " where metric = 'unknown_share' and slice = 'all' group by protocol"
    ).fetchall()
    shares = dict(rows)
    told = [f"{name} {shares[name]:.0%}" for _, name in RATING_CELLS if name in shares]
    return [Text(f"of these with a new user or movie: {', '.join(told)}")] if told else []


def _time_aware(connection: duckdb.DuckDBPyConnection) -> list[RenderableType]:
    """Name the models that know when a rating was given, and so can recommend nothing."""
    rows = connection.execute(
        "select distinct model from predictions.model_leaderboard where track = 'time-aware'"
        " order by model"
    ).fetchall()
    return [Text(f"knows when a rating was given: {model}") for (model,) in rows]


def _limits(connection: duckdb.DuckDBPyConnection) -> list[RenderableType]:
    """Say which models were fitted to a part of the data."""
    rows = connection.execute(
        "select model, fitted_to from predictions.model_leaderboard where fitted_to is not null"
        " group by all order by all"
    ).fetchall()
    return [Text(f"fitted to a part: {model}, {fitted_to}") for model, fitted_to in rows]


def _leaderboard(
    connection: duckdb.DuckDBPyConnection, title: str, cells: list[tuple[str, str]]
) -> Table:
    """Lay out one row per model, the best first, and one column per metric and protocol."""
    table = Table(box=None, pad_edge=False)
    table.add_column(title)
    found: dict[str, dict[tuple[str, str], str]] = {}
    for model, metric, protocol, value, margin in connection.execute(
        "select model, metric, protocol, value, ci_high - value"
        " from predictions.model_leaderboard inner join predictions.metrics using (metric)"
        " where slice = 'all'"
        " order by metric = ? desc, case better when 'lower' then value else -value end, model",
        [cells[0][0]],
    ).fetchall():
        if (metric, protocol) in cells:
            text = f"{value:.3f} ± {margin:.3f}"
            found.setdefault(model, {})[metric, protocol] = text
    for metric, protocol in cells:
        table.add_column(f"{metric} {protocol}", justify="right")
    for model, values in found.items():
        table.add_row(model, *(values.get(cell, "") for cell in cells))
    return table


def _segments(connection: duckdb.DuckDBPyConnection) -> list[RenderableType]:
    rows = connection.execute(
        "select name, user_count from predictions.segment_profiles order by segment"
    ).fetchall()
    if not rows:
        return []
    table = Table(box=None, pad_edge=False)
    table.add_column("segments of users")
    table.add_column("users", justify="right")
    for name, count in rows:
        # A name holds genres, and they may be any text of a file
        table.add_row(Text(printable(name)), f"{count:,}")
    return [table, Text()]
