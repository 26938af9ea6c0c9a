"""From which size on a cluster pays, and what the page says of it."""

import math

import pytest

from benchmarks.engines import Build, Line, line, page, pays_from

MILLION = 1_000_000


def test_a_line_goes_through_the_two_largest_builds() -> None:
    builds = [
        Build(ratings * MILLION, "duckdb", 2, seconds, 0)
        for ratings, seconds in ((25, 40.0), (1, 99.0), (5, 20.0))
    ]
    assert line(builds) == Line(fixed=15.0, per_million=1.0)


@pytest.mark.parametrize("machines", [2, 4, 10, 1000])
def test_a_cluster_pays_from_where_the_two_lines_meet(machines: int) -> None:
    duckdb, spark = Line(10.0, 1.0), Line(110.0, 4.0)
    millions = pays_from(duckdb, spark, machines)
    if machines <= 4:
        assert millions == math.inf
    else:
        assert duckdb.fixed + duckdb.per_million * millions == pytest.approx(
            spark.fixed + spark.per_million * millions / machines
        )


def test_the_page_says_what_was_measured_and_what_follows() -> None:
    builds = [
        Build(size, engine, cores, size / MILLION * factor + 10, 10**9)
        for size in (MILLION, 5 * MILLION)
        for engine, factor in (("duckdb", 1), ("spark", 8))
        for cores in (1, 2)
    ]
    text = page(builds, (MILLION, 5 * MILLION), (1, 2), "duckdb 1, pyspark 4")
    duckdb, spark = "15 s, 1.0 GB | 15 s, 1.0 GB", "50 s, 1.0 GB | 50 s, 1.0 GB"
    assert f"| 5,000,000 | {duckdb} | {spark} | 3.3 |" in text
    assert "| 8 | never: DuckDB is faster per rating |" in text
    assert "| 16 | 0 million |" in text
