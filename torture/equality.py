"""Compare what two warehouses hold, whatever computed it."""

import math
import shutil
from pathlib import Path

import duckdb

from torture.lab import BrokenError, Lab, make
from warehouse.connection import quoted

TOLERANCE = 1e-9
"""Relative: a sum's last digits depend on the order of its terms, and that on the threads."""

NEAR_ZERO = 1e-12
"""Absolute: a value as small as this in a warehouse should be 0."""

TOLERANCE_OF_NETWORKS = 1e-4
NEAR_ZERO_OF_NETWORKS = 1e-5
"""The same for all that TensorFlow has a part in: it computes in single precision."""

VOLATILE = {"run_id", "started_at", "finished_at", "loaded_at", "seconds", "checked_at"}
"""Columns that say when something was made, or by which run. They always differ."""


def same_content_with_other_threads(lab: Lab, model: str) -> None:
    """Build and train twice, with one thread and with three, and compare every relation.

    Args:
        lab: The lab, whose first dataset is built.
        model: The model to train; all of them where it is empty.
    """
    networks = (TOLERANCE_OF_NETWORKS, NEAR_ZERO_OF_NETWORKS)
    tolerances = (TOLERANCE, NEAR_ZERO) if model else networks
    one, three = (_trained(lab, threads, model) for threads in (1, 3))
    if found := differences(one, three, *tolerances):
        raise BrokenError(f"differ by the number of threads: {'; '.join(found)}")


def _trained(lab: Lab, threads: int, model: str) -> Path:
    warehouse = lab.folder / f"threads-{threads}" / "w.duckdb"
    shutil.rmtree(warehouse.parent, ignore_errors=True)
    warehouse.parent.mkdir()
    lab.succeed(make("build", WAREHOUSE=warehouse, THREADS=threads, DATASET=lab.folder / "a"))
    lab.succeed(make("train", WAREHOUSE=warehouse, THREADS=threads, MODEL=model))
    return warehouse


def differences(
    first: Path, second: Path, relative: float = TOLERANCE, absolute: float = NEAR_ZERO
) -> list[str]:
    """Compare every relation of two warehouses, as bags of rows.

    Args:
        first: A warehouse.
        second: Another.
        relative: Floats whose difference is no larger share of them are the same.
        absolute: So are floats whose difference is no larger than this.

    Returns:
        A sentence for each relation that differs.
    """
    found = []
    with duckdb.connect() as connection:
        for name, path in (("first", first), ("second", second)):
            connection.execute(f"attach {quoted(path)} as {name} (read_only)")
        relations, others = (_columns(connection, name) for name in ("first", "second"))
        for relation in sorted(relations | others):
            if relations.get(relation) != others.get(relation):
                found.append(f"{relation}: not in both, or with other columns")
            elif (columns := relations[relation]) and (
                difference := _difference(connection, relation, columns, relative, absolute)
            ):
                found.append(f"{relation}: {difference}")
    return found


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, str]]:
    """Read the type of each column by relation and name, without the columns that may differ."""
    columns: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        "select table_schema, table_name, column_name, data_type"
        " from information_schema.columns where table_catalog = ?"
        " order by table_schema, table_name, ordinal_position",
        [database],
    ).fetchall():
        of_relation = columns.setdefault(f"{schema}.{table}", {})
        if column not in VOLATILE:
            of_relation[column] = kind
    return columns


def _difference(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: dict[str, str],
    relative: float,
    absolute: float,
) -> str | None:
    """Compare with EXCEPT in both directions, then the numbers of the rows that are left."""
    # Floats come last, so that rows which differ by less than the tolerance have the same order
    order = sorted(columns, key=lambda name: "DOUBLE" in columns[name] or "FLOAT" in columns[name])
    texts = ", ".join(_text(name, columns[name]) for name in order)
    left = []
    for one, two in (("first", "second"), ("second", "first")):
        query = f"select {texts} from {{}}.{relation}"
        rows = connection.execute(
            f"{query.format(one)} except all {query.format(two)} order by all"
        ).fetchall()
        left.append(rows)
    if len(left[0]) != len(left[1]):
        return f"{len(left[0])} rows are only in the first, {len(left[1])} only in the second"
    for row, other in zip(*left, strict=True):
        if not all(_is_close(*pair, relative, absolute) for pair in zip(row, other, strict=True)):
            return f"{row} and {other}"
    return None


def _text(name: str, kind: str) -> str:
    column = f'"{name}"'
    if kind in ("DOUBLE", "FLOAT"):
        return f"printf('%.9e', cast({column} as double)) as {column}"
    if kind in ("DOUBLE[]", "FLOAT[]"):
        return f"list_transform({column}, lambda x: printf('%.9e', cast(x as double))) as {column}"
    return column


def _is_close(one: object, other: object, relative: float, absolute: float) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            _is_close(*pair, relative, absolute) for pair in zip(one, other, strict=True)
        )
    try:
        numbers = float(str(one)), float(str(other))
    except ValueError:
        return one == other
    return one == other or math.isclose(*numbers, rel_tol=relative, abs_tol=absolute)
