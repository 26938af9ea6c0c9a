"""Compare what two warehouses hold, whatever computed it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.connection import quoted

TOLERANCE = 1e-9
"""Relative: a sum's last digits depend on the order of its terms, and that on the threads."""

NEAR_ZERO = 1e-12
"""Absolute: a value as small as this in a warehouse should be 0."""

VOLATILE = {"run_id", "started_at", "finished_at", "loaded_at", "seconds", "checked_at"}
"""Columns that say when something was made, or by which run. They always differ."""

FLOATS = ("DOUBLE", "FLOAT")

SINGLE = 2.0**-22
"""Relative, of floats in single precision: two last digits, where a sum's digits are rounded."""

PLACES = 9
"""Decimals to which some values are rounded: a difference in the last digit of a sum can become one
in the last of these."""

SIDES = ("first", "second")

EXAMPLES = 2
"""Rows that are shown of each side."""


@dataclass(frozen=True)
class Compared:
    """What two versions of a relation have in common.

    Attributes:
        relation: Its name.
        counts: Rows of the first and of the second one.
        close_count: Rows of the first one that the second has to within the tolerance, and not to
            the last bit.
        alone: How many rows the first alone has, and how many the second.
        columns: Where they have other columns or types, those of the first and of the second.
        examples: A few rows that one of them alone has, as text.
    """

    relation: str
    counts: tuple[int, int]
    close_count: int = 0
    alone: tuple[int, int] = (0, 0)
    columns: str = ""
    examples: tuple[str, ...] = ()

    @property
    def difference(self) -> str:
        """Say how they differ; nothing where they are equal."""
        if self.columns:
            return f"{self.relation}: not in both, or with other columns ({self.columns})"
        if any(self.alone):
            return (
                f"{self.relation}: {self.alone[0]} rows are only in the first, {self.alone[1]} only"
                f" in the second: {'; '.join(self.examples)}"
            )
        return ""


def differences(
    first: Path, second: Path, relative: float = TOLERANCE, absolute: float = NEAR_ZERO
) -> list[str]:
    """Compare every relation of two warehouses; returns a sentence for each that differs.

    The arguments are those of :func:`compare`.
    """
    return [
        compared.difference
        for compared in compare(first, second, relative=relative, absolute=absolute)
        if compared.difference
    ]


def compare(
    first: Path,
    second: Path,
    *,
    schemas: tuple[str, ...] = (),
    relative: float = TOLERANCE,
    absolute: float = NEAR_ZERO,
) -> Iterator[Compared]:
    """Compare the relations of two warehouses as bags of rows, by EXCEPT in both directions.

    Rows that one of them alone has are paired by their columns that are no floats, in the order of
    those that are. NaN equals NaN, a null a null, and what is rounded to :data:`PLACES` decimals
    may differ by the last of them.

    Args:
        first: A warehouse.
        second: Another.
        schemas: The schemas of the relations; of none, all.
        relative: Floats whose difference is no larger share of them are the same; in single
            precision, :data:`SINGLE` at least.
        absolute: So are floats whose difference is no larger than this.

    Yields:
        What came of each relation that one of them has, in the order of their names.
    """
    with duckdb.connect() as connection:
        for name, path in zip(SIDES, (first, second), strict=True):
            connection.execute(f"attach {quoted(path)} as {name} (read_only)")
        ones, others = (_columns(connection, name, schemas) for name in SIDES)
        for relation in sorted(ones | others):
            one, other = ones.get(relation), others.get(relation)
            if one is None or one != other:
                unlike = _unlike(one or {}, other or {}) or "none that is compared"
                yield Compared(relation, (0, 0), columns=unlike)
            else:
                yield _compared(connection, relation, one, relative, absolute)


def _columns(
    connection: duckdb.DuckDBPyConnection, database: str, schemas: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    """Read the type of each column by relation and name, without the columns that may differ."""
    columns: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        "select table_schema, table_name, column_name, data_type"
        " from information_schema.columns where table_catalog = ?"
        " order by table_schema, table_name, ordinal_position",
        [database],
    ).fetchall():
        if schema in schemas or not schemas:
            of_relation = columns.setdefault(f"{schema}.{table}", {})
            if column not in VOLATILE:
                of_relation[column] = kind
    return columns


def _unlike(one: dict[str, str], other: dict[str, str]) -> str:
    """Say which columns differ in type, or are in one of two relations alone."""
    return ", ".join(
        f"{name} {one.get(name, 'missing')} and {other.get(name, 'missing')}"
        for name in {**one, **other}
        if one.get(name) != other.get(name)
    )


def _compared(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: dict[str, str],
    relative: float,
    absolute: float,
) -> Compared:
    """Compare with EXCEPT in both directions, then the floats of the rows that are left."""
    floats = [name for name, kind in columns.items() if kind.removesuffix("[]") in FLOATS]
    exact = [f'"{name}"' for name in columns if name not in floats]
    for side in SIDES:
        # Once: each time that a view is computed, its sums can end in other digits
        connection.execute(f"create or replace temp table {side}_rows as from {side}.{relation}")
    counts = tuple(_count(connection, f"{side}_rows") for side in SIDES)
    # None has columns that are compared
    if not columns:
        return Compared(relation, counts)  # type: ignore[arg-type]
    listed = ", ".join(f'"{name}"' for name in columns)
    order = ", ".join(f'"{name}"' for name in floats)
    for one, other in (SIDES, SIDES[::-1]):
        connection.execute(
            f"create or replace temp table only_{one} as with left_over as"
            f" (select {listed} from {one}_rows except all select {listed} from {other}_rows)"
            f" select *, row_number() over (partition by {', '.join(exact) or '1'}"
            f" order by {order or '1'}) as twin from left_over"
        )
    same = [f"a.{column} is not distinct from b.{column}" for column in [*exact, "twin"]]
    same += [_is_close(f'"{name}"', columns[name], relative, absolute) for name in floats]
    unpaired = [
        f"only_{side} as {one} where not exists"
        f" (select 1 from only_{another} as {two} where {' and '.join(same)})"
        for side, one, another, two in [
            ("first", "a", "second", "b"),
            ("second", "b", "first", "a"),
        ]
    ]
    alone = tuple(_count(connection, rows) for rows in unpaired)
    examples = [
        str(row)
        for rows in unpaired
        for row in connection.execute(f"from {rows} order by all limit {EXAMPLES}").fetchall()
    ]
    return Compared(
        relation,
        counts,  # type: ignore[arg-type]
        _count(connection, "only_first") - alone[0],
        alone,  # type: ignore[arg-type]
        examples=tuple(examples),
    )


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    ((count,),) = connection.execute(f"select count(*) from {rows}").fetchall()
    return int(count)


def _is_close(column: str, kind: str, relative: float, absolute: float) -> str:
    """Say in SQL that two floats, or two arrays of them, agree to within the tolerances."""
    if kind.startswith("FLOAT"):
        relative = max(relative, SINGLE)

    def near(a: str, b: str) -> str:
        return (
            f"coalesce(abs({a} - {b}) <= greatest({absolute},"
            f" {relative} * greatest(abs({a}), abs({b})))"
            f" or ({a} = round({a}, {PLACES}) and {b} = round({b}, {PLACES})"
            f" and abs({a} - {b}) < 1.5e-{PLACES}), false)"
        )

    a, b = f"a.{column}", f"b.{column}"
    if kind.endswith("[]"):
        close = (
            f"len({a}) = len({b}) and list_bool_and(list_transform(list_zip({a}, {b}),"
            f" lambda pair: {near('pair[1]', 'pair[2]')}))"
        )
    else:
        close = near(a, b)
    return f"({a} is not distinct from {b} or {close})"
