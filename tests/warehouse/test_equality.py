"""Two warehouses are compared relation by relation, floats to a tolerance."""

import re
from pathlib import Path

import duckdb
import pytest

from warehouse.equality import differences

BASE = "select range as id, sqrt(range) as x, 'text ' || range as name, null as gone from range(50)"


def write(path: Path, query: str, extra: str = "select 1") -> Path:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table numbers as {query}; create view seen as from numbers")
        connection.execute(extra)
    return path


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return write(tmp_path / "first.duckdb", BASE)


@pytest.mark.parametrize(
    "query",
    [
        BASE,
        f"select * from ({BASE}) order by id desc",
        # A tenth of the tolerance, also where it lies across the edge of a rounding
        f"select * replace (x * (1 + 1e-10) as x) from ({BASE})",
        f"select * replace (x + 1e-13 as x) from ({BASE})",
    ],
)
def test_order_and_last_digits_do_not_matter(first: Path, tmp_path: Path, query: str) -> None:
    assert differences(first, write(tmp_path / "second.duckdb", query)) == []


@pytest.mark.parametrize(
    "query",
    [
        f"select * from ({BASE}) where id > 0",
        f"select * from ({BASE}) union all select * from ({BASE}) where id = 7",
        f"select * replace (x * (1 + 1e-6) as x) from ({BASE})",
        f"select * replace (if(id = 3, 'TEXT', name) as name) from ({BASE})",
        f"select * replace (if(id = 3, null, x) as x) from ({BASE})",
        f"select * exclude gone from ({BASE})",
    ],
)
def test_anything_else_does(first: Path, tmp_path: Path, query: str) -> None:
    found = differences(first, write(tmp_path / "second.duckdb", query))
    assert any(sentence.startswith("main.numbers") for sentence in found)


def test_run_ids_and_times_are_left_aside_and_lists_are_compared(tmp_path: Path) -> None:
    def of(number: float) -> str:
        return f"select {number} as run_id, now() as started_at, [1.5, {number}]::float[] as list"

    same = write(tmp_path / "a.duckdb", of(1)), write(tmp_path / "b.duckdb", of(1))
    assert differences(*same) == []
    other = write(tmp_path / "c.duckdb", of(2))
    assert len(differences(same[0], other)) == 2


def test_a_tolerance_may_be_wider(first: Path, tmp_path: Path) -> None:
    second = write(tmp_path / "second.duckdb", f"select * replace (x * 1.00001 as x) from ({BASE})")
    assert differences(first, second, 1e-4, 0) == []
    assert len(differences(first, second, 1e-6, 0)) == 2


def of_number(path: Path, number: str) -> Path:
    return write(path, f"select 1 as id, cast({number} as double) as x")


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("0.000331510", "0.000331511", 0),
        ("0.000331510", "0.000331512", 2),
        # The same difference, and more places
        ("0.0003315105", "0.0003315115", 2),
    ],
)
def test_the_last_of_nine_places_may_differ(
    tmp_path: Path, one: str, other: str, count: int
) -> None:
    first, second = of_number(tmp_path / "a.duckdb", one), of_number(tmp_path / "b.duckdb", other)
    assert len(differences(first, second)) == count


def test_a_view_is_computed_once(tmp_path: Path) -> None:
    """Its random number is the same in both directions, and in the count of what is alone."""
    random = "create view drawn as select 1 as id, random() as x"
    first, second = (write(tmp_path / name, BASE, random) for name in ("a.duckdb", "b.duckdb"))
    (sentence,) = differences(first, second)
    assert sentence.startswith("main.drawn: 1 rows are only in the first, 1 only in the second")
    assert len(set(re.findall(r"0\.\d{5,}", sentence))) == 2


def test_a_relation_too_many_is_seen(first: Path, tmp_path: Path) -> None:
    second = write(tmp_path / "second.duckdb", BASE, "create table more as select 1 as x")
    assert differences(first, second) == [
        "main.more: not in both, or with other columns (x missing and INTEGER)"
    ]


def test_a_relation_of_run_ids_alone_has_nothing_to_compare(tmp_path: Path) -> None:
    first, second = (
        write(tmp_path / f"{name}.duckdb", f"select '{name}' as run_id") for name in "ab"
    )
    assert differences(first, second) == []


def test_a_relation_of_run_ids_alone_that_one_lacks_is_seen(first: Path, tmp_path: Path) -> None:
    second = write(tmp_path / "second.duckdb", BASE, "create table more as select 'r' as run_id")
    (sentence,) = differences(first, second)
    assert sentence.startswith("main.more: not in both")
