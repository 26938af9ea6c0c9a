"""A query is answered within limits of rows, size, time and memory."""

import io
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from explorer.limits import ROWS
from explorer.query import QueryError, answer, as_csv, as_frame, as_parquet, prepare

TOO_LARGE = [
    # DuckDB counts this memory
    "select n, hash(n) as h, a.t || b.t as t from core.numbers as a cross join"
    " (select t from core.numbers limit 500) as b order by h",
    "select list(range) from range(1000000000)",
    # This it does not count, or asks for at once: the system has to refuse it
    "select length(repeat(repeat('x', 1000000), 4000))",
    "select repeat('x', 4000000000)",
    "select range(500000000)",
]

ENDLESS = [
    "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t",
    "select count(*) from range(10000000) as a, range(10000000) as b where hash(a, b) = 1",
    # This cannot be interrupted, only killed
    "select levenshtein(repeat('a', 200000), repeat('b', 200000))",
]


def test_an_answer_is_what_duckdb_says(plain_file: Path) -> None:
    found = answer(plain_file, "select t, n from core.numbers where n < 3 order by n desc")

    assert found.table.to_pylist() == [{"t": f"text {n}", "n": n} for n in (2, 1, 0)]
    assert not found.is_cut
    assert 0 < found.seconds < 10


@pytest.mark.parametrize(("count", "is_cut"), [(ROWS - 1, False), (ROWS, False), (ROWS + 1, True)])
def test_so_many_rows_are_shown_and_it_is_said_when_there_are_more(
    plain_file: Path, count: int, is_cut: bool
) -> None:
    found = answer(plain_file, f"from core.numbers order by n limit {count}")

    assert found.table.num_rows == min(count, ROWS)
    assert found.table["n"].to_pylist() == list(range(min(count, ROWS)))
    assert found.is_cut == is_cut


def test_a_huge_result_is_cut_without_being_computed(plain_file: Path) -> None:
    found = answer(plain_file, "from range(1000000000000)")
    assert (found.table.num_rows, found.is_cut) == (ROWS, True)


def test_rows_that_are_too_large_are_refused(plain_file: Path) -> None:
    with pytest.raises(QueryError, match="larger than 50 MB"):
        answer(plain_file, "select repeat('x', 10000) as t from core.numbers")


@pytest.mark.parametrize("query", TOO_LARGE)
def test_a_query_that_needs_too_much_memory_is_told_so(plain_file: Path, query: str) -> None:
    with pytest.raises(QueryError, match=r"memory|stopped after"):
        answer(plain_file, query)
    assert len(list(plain_file.parent.iterdir())) == 2  # Nothing is put on disk


@pytest.mark.parametrize("query", ENDLESS)
def test_an_endless_query_is_stopped(plain_file: Path, query: str) -> None:
    with pytest.raises(QueryError, match="stopped after 2 seconds"):
        answer(plain_file, query, seconds=2)


def test_a_process_that_waits_answers_from_the_file_that_is_published_then(
    plain_file: Path,
) -> None:
    new = plain_file.with_name("new.duckdb")
    shutil.copy(plain_file, new)
    with duckdb.connect(str(new)) as connection:
        connection.execute("delete from core.numbers where n > 4")
    for _ in range(2):
        prepare(plain_file)
    new.replace(plain_file)
    for _ in range(2):
        found = answer(plain_file, "select count(*) as count from core.numbers")
        assert found.table.to_pylist() == [{"count": 5}]


def test_a_missing_warehouse_is_said(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="There is no warehouse at"):
        answer(tmp_path / "none.duckdb", "select 1")


def test_the_process_knows_nothing_of_the_environment(
    plain_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_MEMORY_LIMIT", "7GB")
    found = answer(
        plain_file, "select current_setting('memory_limit'), current_setting('temp_directory')"
    )
    assert list(found.table.to_pylist()[0].values()) == ["488.2 MiB", ""]


def test_values_of_every_kind_are_shown_and_stored(plain_file: Path) -> None:
    found = answer(
        plain_file,
        "select 1 as n, 2 as n, 3 as n, [1, null] as list, {'a': 1} as struct, map {'k': 2} as map,"
        " interval '1 month 2 days 0.5 seconds' as gap, time '10:00' as clock, null as nothing,"
        " 1.50::decimal(5, 2) as money, uuid() as id, 'x'::blob as bytes, date '2020-02-29' as day,"
        " timestamptz '2020-01-01 00:00:00+00' as moment, 1::hugeint as huge, '101'::bit as bits,"
        " ':smile: <b>' as text from range(2)",
    )

    assert found.table.column_names[:3] == ["n", "n_2", "n_3"]
    assert found.table["gap"].to_pylist()[0] == "P1M2DT0.5S"
    assert len(as_frame(found.table)) == 2
    again = pd.read_csv(io.BytesIO(as_csv(found.table)))
    assert again["text"].tolist() == [":smile: <b>"] * 2
    stored = plain_file.with_name("result.parquet")
    stored.write_bytes(as_parquet(found.table))
    assert (
        duckdb.sql(f"select n, money, day::varchar, text from '{stored}'").fetchall()
        == [(1, pytest.approx(1.5), "2020-02-29", ":smile: <b>")] * 2
    )


def test_a_result_without_rows_keeps_its_columns(plain_file: Path) -> None:
    found = answer(plain_file, "from core.numbers where n < 0")
    assert as_csv(found.table) == b"n,t\n"
    assert pa.parquet.read_table(io.BytesIO(as_parquet(found.table))).column_names == ["n", "t"]
