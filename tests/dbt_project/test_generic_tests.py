"""The project's generic tests of data, each on rows that pass and on rows that fail."""

from typing import Any

import duckdb
import jinja2
import pytest

from tests.pipeline import ROOT

FOLDER = ROOT / "dbt_project" / "tests" / "generic"


class Relation(str):
    """A relation's name, which knows itself."""

    @property
    def identifier(self) -> str:
        return str(self)


def failures(test: str, rows: str, *, other: str = "select 1", **arguments: object) -> int:
    """Count the rows that a test finds in a relation; the relation `other` is there too."""
    text = (FOLDER / f"{test}.sql").read_text()
    text = text.replace("{% test ", "{% macro ").replace("{% endtest", "{% endmacro")
    macro = getattr(jinja2.Template(text).module, test)
    with duckdb.connect() as connection:
        connection.execute(f"create table rows_tested as {rows}")
        connection.execute(f"create table other as {other}")
        return len(connection.execute(macro("rows_tested", **arguments)).fetchall())


def values(*rows: str) -> str:
    return f"select * from (values {', '.join(rows)}) as listed (a, b, c)"


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (values("(1, 1, 1)", "(1, 2, 1)"), 0),
        (values("(1, 1, 1)", "(1, 1, 2)"), 1),
        (values("(1, null, 1)", "(1, 2, 1)"), 1),
        (values("(1, 1, 1)", "(1, 2, null)"), 1),
    ],
    ids=["good", "two of a kind", "a null in the grain", "a null elsewhere"],
)
def test_unique_grain(rows: str, count: int) -> None:
    assert failures("unique_grain", rows, columns=["a", "b"], not_null=["c"]) == count


def test_unique_grain_passes_over_nulls_that_may_be() -> None:
    arguments: dict[str, Any] = {"columns": ["a", "b"], "nullable": ["b"]}

    assert failures("unique_grain", values("(1, null, 1)", "(1, 2, 1)"), **arguments) == 0
    assert failures("unique_grain", values("(1, null, 1)", "(1, null, 1)"), **arguments) == 1


def test_no_nulls() -> None:
    rows = values("(1, 1, null)", "(null, 1, 1)", "(1, null, 1)")

    assert failures("no_nulls", rows, columns=["a", "b"]) == 2


@pytest.mark.parametrize(
    ("expression", "count"),
    [("a > 0", 1), (["a > 0", "b = 'it''s'"], 2), (["a is not null or b is not null"], 0)],
)
def test_holds(expression: str | list[str], count: int) -> None:
    rows = values("(1, 'it''s', 1)", "(1, 'is', 1)", "(null, 'it''s', 1)")

    assert failures("holds", rows, expression=expression) == count


@pytest.mark.parametrize(
    ("rows", "is_found"),
    [
        (values("(1, 1, 1)", "(2, 2, 9)"), False),
        (values("(1, 1, 1)"), True),
        (values("(1, 1, 1)", "(1, 1, 1)", "(2, 2, 2)"), True),
        (values("(1, 1, 1)", "(1, 1, 1)"), True),
    ],
    ids=["the same", "one lost", "one doubled", "one for another"],
)
def test_one_row_each_of(rows: str, is_found: bool) -> None:
    other = values("(2, 2, 2)", "(1, 1, 1)")
    found = failures("one_row_each_of", rows, other=other, relation="other", columns=["a", "b"])

    assert bool(found) == is_found


def test_referred_to_by() -> None:
    arguments = {"column_name": "a", "relations": [Relation("other")]}

    def found(other: str) -> int:
        return failures("referred_to_by", values("(1, 1, 1)"), other=other, **arguments)

    assert found(values("(1, 1, 1)", "(1, 2, 2)")) == 0
    assert found(values("(1, 1, 1)", "(2, 2, 2)")) == 1


def test_kept_once_looks_at_what_changed() -> None:
    rows = values("(1, 1, 1)", "(1, 1, 2)", "(2, 1, 1)", "(2, 1, 2)", "(3, 1, 1)")
    changed = "select * from (values (1, 1), (3, 1)) as listed (a, b)"
    arguments: dict[str, Any] = {"columns": ["a", "b"], "changes": "other"}

    assert failures("kept_once", rows, other=changed, **arguments) == 1
    assert failures("kept_once", rows, other="select 3 as a, 1 as b", **arguments) == 0
