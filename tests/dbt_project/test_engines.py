"""Each difference of ``macros/cross_db/`` gives the same on DuckDB and on Spark.

The macros are rendered as dbt would for each engine, and their results are compared. What differs
between the engines without them stands beside each case.
"""

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from jinja2 import Environment

from tests.pipeline import ROOT
from tests.spark import needs_spark

MACROS = ROOT / "dbt_project" / "macros" / "cross_db"


class Adapter:
    """Finds the form of a macro that an engine has, as dbt's adapter does."""

    def __init__(self, macros: dict[str, Any], engine: str) -> None:
        self._macros, self._engine = macros, engine

    def dispatch(self, name: str) -> Any:
        own = f"{self._engine}__{name}"
        return self._macros[own if own in self._macros else f"default__{name}"]


def render(template: str, engine: str, run_query: Callable[[str], Any] | None = None) -> str:
    """Write SQL that calls macros as one engine needs it; statements in them are run."""
    environment = Environment(extensions=["jinja2.ext.do"])
    macros: dict[str, Any] = {}
    # A macro of dbt returns a value; here it is the text that stands where the call was
    known: dict[str, Any] = {
        "return": lambda value: value,
        "adapter": Adapter(macros, engine),
        "run_query": run_query,
    }
    for file in sorted(MACROS.glob("*.sql")):
        module = environment.from_string(file.read_text(encoding="utf-8"), known)
        macros.update(
            {
                name: macro
                for name, macro in vars(module.make_module(known)).items()
                if callable(macro)
            }
        )
    known.update(macros)
    known["array"] = ("array({})" if engine == "spark" else "[{}]").format
    return environment.from_string(template, known).render(known)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.catalogImplementation", "in-memory")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("lake")))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.timestampType", "TIMESTAMP_NTZ")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.ui.enabled", "false")
        .config("spark.log.level", "ERROR")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


def plain(value: Any) -> Any:
    """Round floats, whose last digits depend on the order of sums."""
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.12g}")
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


STAMPS = "(values (timestamp '2001-01-01 00:00:00'), (timestamp '2003-03-03 03:03:03')," + (
    " (timestamp '1969-12-31 23:59:59'), (timestamp '2020-02-29 12:00:00.5')) as t (x)"
)

CASES = {
    # Spark would sort both sides of a join with more than 10 MB
    "broadcast_hint": (
        "select {{ broadcast_hint('t') }} x from (values (1), (2)) as t (x) order by 1",
        [(1,), (2,)],
    ),
    # Spark counts from the second date to the first
    "days_between": (
        "select {{ days_between('min(x)', 'max(x)') }} from (values (date '2019-12-31'),"
        " (date '2020-03-01')) as t (x)",
        [(61,)],
    ),
    "dot_product": (
        "select {{ dot_product(array('1.5, 2'), array('2, -4')) }}",
        [(-5.0,)],
    ),
    # Spark cuts off, DuckDB's `epoch` has fractions
    "epoch_of": (
        f"select {{{{ epoch_of('x') }}}} as epoch from {STAMPS} order by 1",
        [(-1,), (978307200,), (1046660583,), (1582977600,)],
    ),
    "epoch_to_timestamp": (
        "select {{ epoch_to_timestamp('x') }} as at from (values (0), (-62135596800),"
        " (253402300799), (253402300800), (-62135596801), (9223372036854775807)) as t (x)"
        " order by x",
        [
            (None,),
            (datetime(1, 1, 1),),
            (datetime(1970, 1, 1),),
            (datetime(9999, 12, 31, 23, 59, 59),),
            (None,),
            (None,),
        ],
    ),
    "hex_to_number": (
        "select {{ hex_to_number('x') }} from (values ('0'), ('ff'), ('7fffffffffffff')) as t (x)"
        " order by 1",
        [(0,), (255,), (36028797018963967,)],
    ),
    # Sunday is 1 in Spark's `dayofweek`, and 0 in DuckDB's
    "iso_weekday": (
        f"select {{{{ iso_weekday('x') }}}} from {STAMPS} order by 1",
        [(1,), (1,), (3,), (6,)],
    ),
    "join_sorted": (
        "select {{ join_sorted('x', ', ') }} from (values ('b'), (null), ('É'), ('a'), ('B'))"
        " as t (x)",
        [("B, a, b, É",)],
    ),
    "last_share_from": (
        f"select {{{{ last_share_from('x', 0.4) }}}} from {STAMPS}",
        [(datetime(2003, 3, 3, 3, 3, 3),)],
    ),
    "nth_largest": (
        "select {{ nth_largest('x', 2) }}, {{ nth_largest('x', 9) }}"
        " from (values (1.5), (3.0), (2.5)) as t (x)",
        [(2.5, None)],
    ),
    "number_series": (
        "select number from {{ number_series(3) }} as numbers order by number",
        [(0,), (1,), (2,)],
    ),
    # Where nothing matches, both give an empty text, which is no group
    "regex_group": (
        "select {{ regex_group('x', '([0-9]{4})[)]$') }} from (values ('Heat (1995)'), ('Heat'),"
        " ('(12345)')) as t (x) order by 1 nulls first",
        [(None,), ("1995",), ("2345",)],
    ),
    # The hashes themselves are the engine's own
    "row_hash": (
        "select {{ row_hash(['x', 'y']) }} = {{ row_hash(['x', 'y']) }},"
        " {{ row_hash(['x', 'y']) }} = {{ row_hash(['y', 'x']) }} from (values (1, 2)) as t (x, y)",
        [(True, False)],
    ),
    # Spark leaves nulls out of JSON
    "row_to_json": (
        "select {{ row_to_json(['x', 'y', 'z']) }} from (values (1, cast(null as double),"
        " 'a \"b\" é')) as t (x, y, z)",
        [('{"x":1,"y":null,"z":"a \\"b\\" é"}',)],
    ),
    # Spark's separator is a regular expression, in which `|` means another thing
    "split_to_rows": (
        "select part from (select {{ split_to_rows('x', '|') }} as part from (values ('a|b||'))"
        " as t (x)) as parts order by part",
        [("",), ("",), ("a",), ("b",)],
    ),
    # Spark's `trim` knows no space but one
    "trimmed": (
        "select {{ trimmed('x') }} from (values (' a b '), ('\u3000c\xa0'), ('\t\td')) as t (x)"
        " order by 1",
        [("\t\td",), ("a b",), ("c",)],
    ),
    "weighted_vector_sum": (
        "select {{ weighted_vector_sum('x', 'w') }} from (values ({{ array('1.0, 2.0') }}, 2),"
        " ({{ array('0.5, -1.0') }}, 4)) as t (x, w)",
        [([4.0, 0.0],)],
    ),
}
"""By the macro: a query, and its rows."""

NO_EXPRESSIONS = {"column_type", "create_table", "published_view", "replace_rows"}
"""Differences of statements, and of how models are made."""


def test_every_difference_has_a_case() -> None:
    assert {file.stem for file in MACROS.glob("*.sql")} == set(CASES) | NO_EXPRESSIONS


@pytest.mark.parametrize("name", sorted(CASES))
def test_duckdb_gives_what_is_expected(name: str) -> None:
    query, rows = CASES[name]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        assert plain(connection.execute(render(query, "default")).fetchall()) == plain(rows)


@needs_spark
@pytest.mark.parametrize("name", sorted(CASES))
def test_spark_gives_the_same(spark: Any, name: str) -> None:
    query, rows = CASES[name]
    found = [tuple(row) for row in spark.sql(render(query, "spark")).collect()]
    # Spark's decimals are numbers of another type
    numbers = [
        tuple(float(each) if type(each).__name__ == "Decimal" else each for each in row)
        for row in found
    ]
    assert plain(numbers) == plain(rows)


class Column:
    """A column as dbt's ``run_query`` gives it."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def values(self) -> list[Any]:
        return self._values


class Table:
    """Rows as dbt's ``run_query`` gives them."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        names = rows[0] if rows else {}
        self.columns = {name: Column([row[name] for row in rows]) for name in names}


CREATED = """{{ create_table("quality", "results", [
    "name " ~ column_type("varchar"),
    "failures " ~ column_type("bigint"),
    "started_at " ~ column_type("timestamp"),
]) }}"""

REPLACED = """{{ replace_rows(
    "quality.results", "name", ["'b'"], ["('b', 5, timestamp '2002-02-02 02:02:02')"]
) }}"""

AFTER = [
    ("a 'quoted' name", 1, datetime(2001, 1, 1)),
    ("b", 5, datetime(2002, 2, 2, 2, 2, 2)),
    ("c", None, None),
]


def replaced(engine: str, execute: Callable[[str], Any], escaped: str) -> None:
    """Make a table, fill it, and replace one of its rows."""
    execute("create schema if not exists quality")
    execute(render(CREATED, engine, execute))
    execute(
        f"insert into quality.results values ('a {escaped}quoted{escaped} name', 1, timestamp"
        " '2001-01-01 00:00:00'), ('b', 2, timestamp '2001-01-01 00:00:00'), ('c', null, null)"
    )
    render(REPLACED, engine, execute)


def test_rows_of_a_table_are_replaced_on_duckdb() -> None:
    with duckdb.connect() as connection:
        replaced("default", connection.execute, "''")
        rows = connection.execute("from quality.results order by name").fetchall()
    assert rows == AFTER


@needs_spark
def test_rows_of_a_table_are_replaced_on_spark(spark: Any) -> None:
    def execute(query: str) -> Table:
        return Table([row.asDict() for row in spark.sql(query).collect()])

    replaced("spark", execute, "\\'")
    found = spark.sql("select * from quality.results order by name").collect()
    assert [tuple(row) for row in found] == AFTER


def test_a_mart_that_adds_columns_is_a_view_on_duckdb_and_a_table_on_spark() -> None:
    made = [render("{{ published_view() }}", engine).strip() for engine in ("default", "spark")]
    assert made == ["view", "table"]


def test_types_are_named_as_the_engine_names_them() -> None:
    kinds = ("varchar", "bigint", "float[]", "varchar[]")
    named = [render(f"{{{{ column_type('{kind}') }}}}", "spark").strip() for kind in kinds]
    assert named == ["string", "bigint", "array<float>", "array<string>"]
