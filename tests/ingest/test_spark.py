"""Spark loads what DuckDB loads: the same rows, the same rejected lines, the same refusals."""

import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from backports import zstd

from ingest import files
from ingest.load import Load, load_folder
from tests.ingest.loading import (
    CSV,
    FAULTY_LINES,
    GOOD_PARQUET,
    LINKS,
    LINKS_HEADER,
    MEANT_LINES,
    MOVIES,
    MOVIES_CSV,
    RATINGS,
    RATINGS_CSV,
    RATINGS_HEADER,
    RATINGS_SQL,
    TAGS,
    TAGS_HEADER,
    Contents,
    Rows,
    csv_bytes,
    parquet,
    rows,
    separated,
)
from tests.spark import needs_spark
from warehouse.errors import UserError
from warehouse.tables import source_columns

pytestmark = needs_spark

BLOCK_BYTES = 8_000
"""Spark divides a file into as many bytes at most: files here are of several blocks."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    from ingest.spark import SETTINGS
    from warehouse.spark import start_session

    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(folder / "warehouse.duckdb"))
        session = start_session(SETTINGS | {"spark.sql.files.maxPartitionBytes": str(BLOCK_BYTES)})
        yield Path(session.conf.get("spark.sql.warehouse.dir").removeprefix("file:"))
        session.stop()


def write(folder: Path, contents: Contents) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def load_by_spark(folder: Path, lake: Path, limit: int | None = None) -> list[Load]:
    from ingest.spark import load_by_spark

    shutil.rmtree(lake / "raw.db", ignore_errors=True)
    return load_by_spark(f"file://{folder}", limit)


def raw_tables(connection: duckdb.DuckDBPyConnection, lake: Path | None = None) -> dict[str, Rows]:
    """Read the raw tables, those of a lake or those that DuckDB has."""
    tables: dict[str, Rows] = {}
    for table in source_columns("raw"):
        parts = lake and lake / "raw.db" / table
        relation = f"read_parquet('{parts}/*.parquet')" if parts else f"raw.{table}"
        kept = "* exclude loaded_at" if table == "loads" else "*"
        tables[table] = rows(connection, f"select {kept} from {relation} order by all")
    return tables


def many_lines(*strange: bytes, line_end: bytes = b"\n") -> bytes:
    """Write a file of several blocks, in which strange lines stand among plain ones."""
    plain = [f"{i},{i % 90},{i % 10 / 2},{i}".encode() for i in range(1_500)]
    for place, line in enumerate(strange):
        plain.insert(place * 17, line)
    return line_end.join([b"userId,movieId,rating,timestamp", *plain])


TIMES = parquet(
    "select userId::double as user_id, movieId::utinyint as movie_id, rating::float as rating,"
    f" to_timestamp(timestamp::bigint) as timestamp from {RATINGS_SQL}"
)

ODD_TYPES = parquet(
    "select if(i = 1500, 'nan'::double, i) as userId, (i % 90)::decimal(9, 1) as movieId,"
    " if(i in (7, 2049), 'infinity'::float, 2.5::float) as Rating, encode(i::varchar) as x,"
    " if(i = 9, 'infinity'::timestamp, make_timestamp(i * 1000000 + 999999)) as timestamp,"
    " [1, 2] as list, {'a': i} as struct, 'nan'::double as nan from range(5000) as t(i)"
)

DATASETS = {
    "every kind of line": CSV
    | {
        "ratings.csv": many_lines(
            *(line.encode() for line, _ in FAULTY_LINES + MEANT_LINES),
            *(b"\xff1,2,3,4", b"1,2,\xc3,4", b"1,2,3\x014,5", b"\xef\xbb\xbf1,2,3,4"),
        ),
        "tags.csv": csv_bytes(TAGS_HEADER, TAGS),
        "links.csv.gz": gzip.compress(csv_bytes(LINKS_HEADER, LINKS)),
    },
    "line ends and names": CSV
    | {
        "ratings.csv": b"\xef\xbb\xbf" + many_lines(b"", line_end=b"\r\n"),
        "ratings-[a].csv": many_lines(b"", b"1,2", line_end=b"\r"),
        "ratings-2026 *.csv.gz": gzip.compress(many_lines(b"x") + b"\r1,2,3,4\r\n1,2\n"),
        "movies.csv": MOVIES_CSV,
    },
    "separators": {
        "ratings.csv": csv_bytes(RATINGS_HEADER, RATINGS, delimiter=";").replace(b".", b","),
        "ratings-2.csv": csv_bytes(["note", *RATINGS_HEADER], [("é", *r) for r in RATINGS]),
        "ratings-3.dat": separated("::", RATINGS) + b"\xe9::2::3::4\n",
        "movies.dat": separated("::", MOVIES, "latin-1"),
    },
    "Parquet": CSV
    | {
        "ratings.csv": RATINGS_CSV,
        "ratings-1.parquet": GOOD_PARQUET,
        "ratings-2.parquet": TIMES,
        "ratings-3.parquet": ODD_TYPES,
    },
}


@pytest.mark.parametrize("name", DATASETS)
def test_spark_loads_what_duckdb_loads(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, lake: Path, name: str
) -> None:
    folder = tmp_path / "dataset"
    write(folder, DATASETS[name])
    loads = load_by_spark(folder, lake)
    expected = load_folder(connection, folder)
    assert [
        (load.file.path.name, load.line_count, load.accepted_count, load.rejected_count)
        for load in loads
    ] == [
        (load.file.path.name, load.line_count, load.accepted_count, load.rejected_count)
        for load in expected
    ]
    assert raw_tables(connection, lake) == raw_tables(connection)


@pytest.mark.parametrize("limit", [1_400, 1_502])
def test_spark_reads_as_many_lines_as_duckdb(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, lake: Path, limit: int
) -> None:
    folder = tmp_path / "dataset"
    contents = {"ratings.csv": many_lines(b"1,2"), "ratings-2.parquet": ODD_TYPES}
    write(folder, CSV | contents)
    load_by_spark(folder, lake, limit)
    load_folder(connection, folder, limit)
    assert raw_tables(connection, lake) == raw_tables(connection)


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (
            {"ratings.csv.zst": zstd.compress(RATINGS_CSV)},
            "ratings.csv.zst cannot be read by Spark",
        ),
        ({"ratings.csv": b""}, "ratings.csv is empty: expected ratings in it."),
        ({"ratings.csv": RATINGS_CSV[:31]}, "ratings.csv has no ratings in it."),
        ({"ratings.csv": b"userId,rating\n1,2\n"}, "ratings.csv names the columns userId, rating:"),
        ({"ratings.csv": b"\xff,2,3\n1,2,3\n"}, "ratings.csv is not UTF-8 text"),
        (
            {"ratings.csv": RATINGS_CSV + b"x" * 3_000_000},
            "ratings.csv has a line of more than 2,097,152 bytes: is it text?",
        ),
        (
            {"ratings.csv.gz": gzip.compress(RATINGS_CSV + b"1,1,5,1\n" * 300_000)},
            "ratings.csv.gz unpacks to more than 1,000,000 bytes",
        ),
        ({"ratings.csv.gz": gzip.compress(many_lines(), mtime=0)[:-9]}, " cannot be read: "),
        ({"ratings.parquet": RATINGS_CSV}, " cannot be read: "),
        (
            {"ratings.parquet": parquet("select 1 as userId, 2 as rating")},
            "ratings.parquet names the columns userId, rating: movieId is missing.",
        ),
        ({"ratings.csv": RATINGS_CSV, "ratings.dat": b"1::2::3::4"}, " has both ratings.csv and"),
        ({}, " has no ratings: expected ratings.csv"),
    ],
)
def test_spark_refuses_what_is_no_dataset(
    tmp_path: Path, lake: Path, monkeypatch: pytest.MonkeyPatch, contents: Any, sentence: str
) -> None:
    monkeypatch.setattr(files, "ANY_EXPANSION_BYTES", 1_000_000)
    folder = tmp_path / "dataset"
    write(folder, {"movies.csv": MOVIES_CSV} | contents)
    with pytest.raises(UserError, match=re.escape(sentence)) as refused:
        load_by_spark(folder, lake)
    assert str(refused.value).startswith(f"file://{folder}")
    assert "\n" not in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, lake: Path) -> None:
    with pytest.raises(UserError, match=r"none cannot be read: .+"):
        load_by_spark(tmp_path / "none", lake)
