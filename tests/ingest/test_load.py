"""From a folder to raw tables: every form gives the same rows, every line is accounted for."""

import csv
import functools
import gzip
import hashlib
import io
import random
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import duckdb
import numpy as np
import pandas as pd
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.files import ITEM_GENRES, Survey, survey
from ingest.load import Load, load_folder
from tests.conftest import RELEASE
from warehouse.connection import connect
from warehouse.errors import UserError
from warehouse.tables import source_columns

RATINGS_HEADER = ["userId", "movieId", "rating", "timestamp"]
RATINGS = [(1, 10, 4.0, 964982703), (1, 20, 2.5, 964982224), (2, 30, 5.0, 1445714835)]
MOVIES_HEADER = ["movieId", "title", "genres"]
MOVIES = [
    (30, 'Cité des enfants "perdus", La (1995)', "Adventure|Sci-Fi"),
    (20, "Misérables, Les (1995)", "Drama|Musical"),
    (10, "Heat (1995)", "Action|Crime"),
]
TAGS_HEADER = ["userId", "movieId", "tag", "timestamp"]
TAGS = [(1, 10, "De Niro, Pacino", 1139045764), (2, 30, "“rêve”", 1139045825)]
LINKS_HEADER = ["movieId", "imdbId", "tmdbId"]
LINKS = [(10, "0113277", "949"), (20, "0113828", None)]

Contents = dict[str, bytes]
Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    # Half the time of a small load goes into reading the same definitions once more
    cached = patch("warehouse.tables.source_columns", functools.cache(source_columns))
    with cached, duckdb.connect(config={"threads": 2}) as connection:
        yield connection


def load(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    contents: Contents,
    limit: int | None = None,
) -> dict[str, Load]:
    """Load a folder that holds these files and no others, and hold its counts to each other."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    loads = {load.file.table: load for load in load_folder(connection, folder, limit)}
    for table, of_table in loads.items():
        rejected = f"raw.rejected_lines where source_file = '{of_table.file.path.name}'"
        assert rows(connection, f"select count(*) from raw.{table}") == [(of_table.accepted_count,)]
        assert rows(connection, f"select count(*) from {rejected}") == [(of_table.rejected_count,)]
        assert of_table.line_count == of_table.accepted_count + of_table.rejected_count
    return loads


def refusal(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    contents: Contents,
    limit: int | None = None,
) -> str:
    with pytest.raises(UserError) as refused:
        load(connection, folder, contents, limit)
    return str(refused.value)


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> Rows:
    return connection.execute(query).fetchall()


def raw_rows(connection: duckdb.DuckDBPyConnection, table: str) -> Rows:
    """Return a raw table's rows in the order of the file, without where they are from."""
    query = f"select * exclude (source_file, line_number) from raw.{table} order by line_number"
    return rows(connection, query)


def accepted_lines(connection: duckdb.DuckDBPyConnection, table: str) -> list[int]:
    numbers = rows(connection, f"select line_number from raw.{table} order by 1")
    return [number for (number,) in numbers]


def rejected_lines(connection: duckdb.DuckDBPyConnection) -> Rows:
    return rows(
        connection, "select line_number, error, raw_line from raw.rejected_lines order by 1"
    )


def csv_bytes(header: list[str], rows: Rows, **style: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, **{"lineterminator": "\n"} | style).writerows([header, *rows])
    return text.getvalue().encode()


def separated(separator: str, rows: Rows, encoding: str = "utf-8") -> bytes:
    lines = (separator.join(map(str, row)) + "\n" for row in rows)
    return "".join(lines).encode(encoding)


def parquet(query: str) -> bytes:
    """Write a query's rows to Parquet."""
    with duckdb.connect() as connection, TemporaryDirectory() as folder:
        connection.execute(f"copy ({query}) to '{folder}/x.parquet' (row_group_size 2048)")
        return Path(folder, "x.parquet").read_bytes()


def values(header: list[str], rows: Rows) -> str:
    """Write rows as an SQL relation."""
    texts = [", ".join("null" if value is None else f"'{value}'" for value in row) for row in rows]
    return f"(values ({'), ('.join(texts)})) as rows ({', '.join(header)})"


def lines_of(content: bytes) -> list[bytes]:
    """Split a file into lines, independently of the code under test."""
    lines = re.split(rb"\r\n|\r|\n", content.removeprefix(b"\xef\xbb\xbf"))
    return lines if lines[-1] else lines[:-1]


RATINGS_CSV = csv_bytes(RATINGS_HEADER, RATINGS)
MOVIES_CSV = csv_bytes(MOVIES_HEADER, MOVIES)
CSV = {"ratings.csv": RATINGS_CSV, "movies.csv": MOVIES_CSV}


# --- Every form of a dataset gives the same rows


def among_others(header: list[str], rows: Rows, **style: Any) -> bytes:
    """Write columns in reverse order, among others that trouble careless readers."""
    note = 'commas, "quotes" and “é”'
    return csv_bytes(
        ["", *header[::-1], "user id", "note"],
        [("", *row[::-1], "x", note) for row in rows],
        **style,
    )


def item(movie_id: int, title: str, genres: str) -> tuple[Any, ...]:
    """Lay a movie out as MovieLens 100K's u.item does."""
    flags = [int(genre in genres.split("|")) for genre in ITEM_GENRES]
    return (movie_id, title, "01-Jan-1995", "", "http://us.imdb.com/M/title-exact?x", *flags)


FORMS = {
    "csv": CSV,
    "csv, CRLF": {name: content.replace(b"\n", b"\r\n") for name, content in CSV.items()},
    "csv, CR": {name: content.replace(b"\n", b"\r") for name, content in CSV.items()},
    "csv, mixed line ends": {
        name: content.replace(b"\n", b"\r\n", 2) for name, content in CSV.items()
    },
    "csv, no line end at the end": {name: content[:-1] for name, content in CSV.items()},
    "csv, byte order mark": {name: b"\xef\xbb\xbf" + content for name, content in CSV.items()},
    "csv, all quoted": {
        "ratings.csv": csv_bytes(RATINGS_HEADER, RATINGS, quoting=csv.QUOTE_ALL),
        "movies.csv": csv_bytes(MOVIES_HEADER, MOVIES, quoting=csv.QUOTE_ALL),
    },
    "csv, other columns": {
        "ratings.csv": among_others(RATINGS_HEADER, RATINGS),
        "movies.csv": among_others(MOVIES_HEADER, MOVIES),
    },
    "csv, other columns, CRLF, byte order mark": {
        "ratings.csv": b"\xef\xbb\xbf"
        + among_others(RATINGS_HEADER, RATINGS, lineterminator="\r\n"),
        "movies.csv": b"\xef\xbb\xbf" + among_others(MOVIES_HEADER, MOVIES, lineterminator="\r\n"),
    },
    "csv, other spelling": {
        "ratings.csv": csv_bytes(["user_id", "MOVIE_ID", " Rating", "Timestamp"], RATINGS),
        "movies.csv": csv_bytes(["movieid", "Title", "GENRES "], MOVIES),
    },
    "gzip": {f"{name}.gz": gzip.compress(content) for name, content in CSV.items()},
    "gzip, CRLF, in two parts": {
        f"{name}.gz": b"".join(gzip.compress(line + b"\r\n") for line in lines_of(content))
        for name, content in CSV.items()
    },
    "gzip, mixed line ends": {
        f"{name}.gz": gzip.compress(content.replace(b"\n", b"\r\n", 2))
        for name, content in CSV.items()
    },
    "zstd": {f"{name}.zst": zstd.compress(content) for name, content in CSV.items()},
    "zstd, in parts": {
        f"{name}.zst": b"".join(zstd.compress(line + b"\n") for line in lines_of(content))
        for name, content in CSV.items()
    },
    "dat, Latin-1 as in 1M": {
        "ratings.dat": separated("::", RATINGS),
        "movies.dat": separated("::", MOVIES, "latin-1"),
    },
    "dat, UTF-8 as in 10M": {
        "ratings.dat": separated("::", RATINGS),
        "movies.dat": separated("::", MOVIES),
    },
    "dat, CRLF, byte order mark": {
        "ratings.dat": b"\xef\xbb\xbf" + separated("::", RATINGS).replace(b"\n", b"\r\n"),
        "movies.dat": b"\xef\xbb\xbf" + separated("::", MOVIES).replace(b"\n", b"\r\n"),
    },
    "100K": {
        "u.data": separated("\t", RATINGS),
        "u.item": separated("|", [item(*movie) for movie in MOVIES], "latin-1"),
    },
    "csv and dat": {"ratings.csv": RATINGS_CSV, "movies.dat": separated("::", MOVIES)},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_rows(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, form: str
) -> None:
    loads = load(connection, tmp_path, FORMS[form])
    assert raw_rows(connection, "ratings") == RATINGS
    assert raw_rows(connection, "movies") == MOVIES
    assert rejected_lines(connection) == []
    for table, of_table in loads.items():
        name = of_table.file.path.name
        first = 2 if ".csv" in name else 1
        query = f"select source_file, line_number from raw.{table} order by 2"
        assert rows(connection, query) == [(name, first), (name, first + 1), (name, first + 2)]


@pytest.mark.parametrize(
    "form",
    {
        "csv": {
            "tags.csv": csv_bytes(TAGS_HEADER, TAGS),
            "links.csv": csv_bytes(LINKS_HEADER, LINKS),
        },
        "csv, other columns": {
            "tags.csv": among_others(TAGS_HEADER, TAGS),
            "links.csv.gz": gzip.compress(among_others(LINKS_HEADER, LINKS)),
        },
        "dat": {
            "tags.dat": separated("::", TAGS),
            "links.dat": separated("::", [(10, "0113277", "949"), (20, "0113828", "")]),
        },
        "parquet": {
            "tags.parquet": parquet(f"select * from {values(TAGS_HEADER, TAGS)}"),
            "links.parquet": parquet(f"select * from {values(LINKS_HEADER, LINKS)}"),
        },
    }.items(),
    ids=lambda form: form[0],
)
def test_tags_and_links_are_loaded_where_there_are_any(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, form: tuple[str, Contents]
) -> None:
    load(connection, tmp_path, CSV | form[1])
    assert raw_rows(connection, "tags") == TAGS
    links = [(movie, imdb, tmdb or None) for movie, imdb, tmdb in raw_rows(connection, "links")]
    assert links == LINKS
    load(connection, tmp_path, CSV)
    assert raw_rows(connection, "tags") == raw_rows(connection, "links") == []


def test_times_and_outside_ids_may_be_missing(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    without = {
        "ratings.csv": csv_bytes(RATINGS_HEADER[:3], [row[:3] for row in RATINGS]),
        "tags.csv": csv_bytes(TAGS_HEADER[:3], [row[:3] for row in TAGS]),
        "links.csv": csv_bytes(LINKS_HEADER[:2], [row[:2] for row in LINKS]),
    }
    load(connection, tmp_path, CSV | without)
    assert raw_rows(connection, "ratings") == [(*row[:3], None) for row in RATINGS]
    assert raw_rows(connection, "tags") == [(*row[:3], None) for row in TAGS]
    assert raw_rows(connection, "links") == [(*row[:2], None) for row in LINKS]


def test_a_rating_without_a_time_may_be_faulty_too(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(connection, tmp_path, CSV | {"ratings.csv": b'userId,movieId,rating\n1,x,3\n"1",2,3\n'})
    assert rejected_lines(connection) == [(2, "movie_id_is_not_an_integer", "1,x,3")]
    assert raw_rows(connection, "ratings") == [(1, 2, 3.0, None)]


# --- Parquet

RATINGS_SQL = values(RATINGS_HEADER, RATINGS)


@pytest.mark.parametrize(
    "columns",
    [
        "userId::bigint as userId, movieId::bigint as movieId, rating::double as rating,"
        " timestamp::bigint as timestamp",
        "userId::double as user_id, movieId::utinyint as movie_id, rating::float as rating,"
        " to_timestamp(timestamp::bigint) as timestamp",
        "rating::decimal(2, 1) as Rating, make_timestamp(timestamp::bigint * 1000000) as timestamp,"
        " movieId::varchar as movieId, userId::hugeint as userId",
        "'note' as source, 'x' as line, 'x' as raw_line, userId, movieId, rating,"
        " make_timestamp_ns(timestamp::bigint * 1000000000 + 999999999) as timestamp",
        "encode(userId) as userId, movieId, rating, timestamp::double as timestamp,"
        " [1, 2] as list, {'a': 1} as struct, 'nan'::double as nan",
    ],
    ids=["as in csv", "floats", "decimals", "texts", "bytes"],
)
def test_parquet_columns_of_any_type_give_the_same_ratings(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, columns: str
) -> None:
    content = parquet(f"select {columns} from {RATINGS_SQL}")
    load(connection, tmp_path, {"ratings.parquet": content, "movies.csv": MOVIES_CSV})
    assert raw_rows(connection, "ratings") == RATINGS
    assert accepted_lines(connection, "ratings") == [1, 2, 3]


@pytest.mark.parametrize("kind", ["varchar", "blob"])
def test_parquet_titles_are_texts(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str
) -> None:
    title = "encode(title)" if kind == "blob" else "title"
    movies = (
        f"select {title} as title, 1 as x, genres, movieId from {values(MOVIES_HEADER, MOVIES)}"
    )
    load(connection, tmp_path, {"ratings.csv": RATINGS_CSV, "movies.parquet": parquet(movies)})
    assert raw_rows(connection, "movies") == MOVIES


@pytest.mark.parametrize(
    ("column", "value", "error", "in_json"),
    [
        ("userId", "1.5::double", "user_id_is_not_an_integer", "1.5"),
        (
            "userId",
            "9223372036854775808::ubigint",
            "user_id_is_not_an_integer",
            "9223372036854775808",
        ),
        ("movieId", "true", "movie_id_is_not_an_integer", "true"),
        ("rating", "'nan'::double", "rating_is_not_a_number", "NaN"),
        ("rating", "'-inf'::float", "rating_is_not_a_number", "-Infinity"),
        ("rating", "'good'", "rating_is_not_a_number", '"good"'),
        ("timestamp", "'infinity'::timestamp", "timestamp_is_not_an_integer", '"infinity"'),
        ("timestamp", "'noon'", "timestamp_is_not_an_integer", '"noon"'),
    ],
)
def test_a_parquet_row_that_does_not_fit_is_kept_as_json(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    column: str,
    value: str,
    error: str,
    in_json: str,
) -> None:
    row = {"userId": "1", "movieId": "2", "rating": "3", "timestamp": "4"} | {column: value}
    query = "select " + ", ".join(f"{value} as {name}" for name, value in row.items())
    load(connection, tmp_path, {"ratings.parquet": parquet(query), "movies.csv": MOVIES_CSV})
    ((line_number, found, raw_line),) = rejected_lines(connection)
    assert (line_number, found) == (1, error)
    assert f'"{column}":{in_json}' in raw_line


def test_parquet_rows_are_counted_across_row_groups(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rating = "if(i in (1, 2049, 9999), 'nan'::double, if(i = 7, null, 3))"
    query = f"select i as movieId, 1 as userId, {rating} as rating from range(1, 10001) t(i)"
    load(connection, tmp_path, {"ratings.parquet": parquet(query), "movies.csv": MOVIES_CSV})
    assert [line for line, *_ in rejected_lines(connection)] == [1, 2049, 9999]
    assert rows(connection, "select count(*) from raw.ratings where line_number != movieId") == [
        (0,)
    ]
    assert rows(connection, "select movieId from raw.ratings where rating is null") == [(7,)]


GOOD_PARQUET = parquet(f"select * from {RATINGS_SQL}")
FOOTER = int.from_bytes(GOOD_PARQUET[-8:-4], "little")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"userId,movieId,rating\n1,2,3\n", "cannot be read: "),
        (GOOD_PARQUET[: len(GOOD_PARQUET) // 2], "cannot be read: "),
        (GOOD_PARQUET[:8] + bytes(64) + GOOD_PARQUET[72:], "cannot be read: "),
        (GOOD_PARQUET[: -8 - FOOTER] + bytes(FOOTER) + GOOD_PARQUET[-8:], "cannot be read: "),
        (
            parquet("select 1 as userId, 2 as rating"),
            "names the columns userId, rating: movieId is",
        ),
        (
            parquet("select 1 as userId, 2 as user_id, 3 as rating, 4 as movieId"),
            "names the columns userId, userId, rating, movieId: userId is there twice.",
        ),
        (parquet(f"select * from {RATINGS_SQL} limit 0"), "has no ratings in it."),
    ],
    ids=["csv inside", "cut", "broken page", "broken footer", "no column", "column twice", "empty"],
)
def test_a_parquet_file_that_is_none_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, sentence: str
) -> None:
    message = refusal(connection, tmp_path, {"ratings.parquet": content, "movies.csv": MOVIES_CSV})
    assert message.startswith(f"{tmp_path / 'ratings.parquet'} {sentence}")
    assert "\n" not in message


def test_a_parquet_file_of_more_rows_than_its_bytes_could_hold_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.load.ANY_ROWS", 20_000)
    bomb = parquet("select 1 as userId, 1 as movieId, 3.5 as rating from range(200000)")
    monkeypatch.setattr("ingest.load.MAX_ROWS_A_BYTE", 200_000 // len(bomb))
    message = refusal(connection, tmp_path, {"ratings.parquet": bomb, "movies.csv": MOVIES_CSV})
    assert "promises 200,000 rows in" in message


# --- Faults


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "blank_line"),
        ("   ", "blank_line"),
        ("1,2,3", "wrong_field_count"),
        ("1,2,3,4,", "wrong_field_count"),
        ("1;2;3;4", "wrong_field_count"),
        ("userId", "wrong_field_count"),
        ('"1,2,3,4"', "wrong_field_count"),
        ("userId,movieId,rating,timestamp", "user_id_is_not_an_integer"),
        ("1.5,2,3,4", "user_id_is_not_an_integer"),
        ("1e3,2,3,4", "user_id_is_not_an_integer"),
        ("1_000,2,3,4", "user_id_is_not_an_integer"),
        ("0x10,2,3,4", "user_id_is_not_an_integer"),
        ("٣,2,3,4", "user_id_is_not_an_integer"),
        ("9223372036854775808,2,3,4", "user_id_is_not_an_integer"),
        ("-9223372036854775809,2,3,4", "user_id_is_not_an_integer"),
        ("1,abc,3,4", "movie_id_is_not_an_integer"),
        ("1,-,3,4", "movie_id_is_not_an_integer"),
        (f"1,{'9' * 400},3,4", "movie_id_is_not_an_integer"),
        ("1,2,nan,4", "rating_is_not_a_number"),
        ("1,2,inf,4", "rating_is_not_a_number"),
        ("1,2,1e400,4", "rating_is_not_a_number"),
        (f"1,2,{'9' * 400},4", "rating_is_not_a_number"),
        ("1,2,good,4", "rating_is_not_a_number"),
        ("1,2,3..5,4", "rating_is_not_a_number"),
        ("1,2,.,4", "rating_is_not_a_number"),
        ("1,2,3,noon", "timestamp_is_not_an_integer"),
        ("1,2,3,4.5", "timestamp_is_not_an_integer"),
        ('1,2,3,""""', "timestamp_is_not_an_integer"),
        ("1,2,3,4\0", "null_character"),
        ('"1,2,3,4', "unclosed_quote"),
        ('1,2,3,"4""', "unclosed_quote"),
        ('1,"2"x,3,4', "misplaced_quote"),
        ('1,"2" ,3,4', "misplaced_quote"),
        ('1,"2,3"4,5,6', "misplaced_quote"),
        ('1,2",3,4', "movie_id_is_not_an_integer"),
    ],
)
def test_a_faulty_rating_is_kept_with_its_rule_and_line(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    line: str,
    error: str,
    line_end: bytes,
) -> None:
    header, *good, last = lines_of(RATINGS_CSV)
    ratings = line_end.join([header, *good, line.encode(), last])
    load(connection, tmp_path, CSV | {"ratings.csv": ratings})
    assert rejected_lines(connection) == [(4, error, line)]
    assert raw_rows(connection, "ratings") == RATINGS
    assert accepted_lines(connection, "ratings") == [2, 3, 5]


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (" 1 ,2 , 3.5, 4 ", (1, 2, 3.5, 4)),
        ('"1","2","3.5","4"', (1, 2, 3.5, 4)),
        ('1,"2",3.5,4', (1, 2, 3.5, 4)),
        ("1.0,2.,3,4.00", (1, 2, 3.0, 4)),
        ("1,2,.5,4", (1, 2, 0.5, 4)),
        ("-1,0,-3.5,-4", (-1, 0, -3.5, -4)),
        ("1,2,0.30000000000000004,4", (1, 2, 0.30000000000000004, 4)),
        ("001,0000000000000000002,3,4", (1, 2, 3.0, 4)),
        ("9223372036854775807,-9223372036854775808,3,4", (2**63 - 1, -(2**63), 3.0, 4)),
        ("9223372036854775807.0,2,3,4", (2**63 - 1, 2, 3.0, 4)),
        ("1,2,,", (1, 2, None, None)),
        (',"",  ,4', (None, None, None, 4)),
    ],
)
def test_a_rating_is_read_as_it_is_meant(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, line: str, row: tuple[Any, ...]
) -> None:
    load(connection, tmp_path, CSV | {"ratings.csv": RATINGS_CSV + line.encode()})
    assert raw_rows(connection, "ratings") == [*RATINGS, row]
    assert rejected_lines(connection) == []


@pytest.mark.parametrize(
    ("line", "error", "raw_line"),
    [
        (b"\xff1,2,3,4", "user_id_is_not_an_integer", r"\xff1,2,3,4"),
        (b"1,2,\xc3,4", "rating_is_not_a_number", r"1,2,\xc3,4"),
        (b"1,2,3\x014,5", "rating_is_not_a_number", r"1,2,3\x014,5"),
        (b"\xef\xbb\xbf1,2,3,4", "user_id_is_not_an_integer", "\ufeff1,2,3,4"),
        ("1,2,drôle,4".encode(), "rating_is_not_a_number", "1,2,drôle,4"),
        ("É,2,3,4".encode(), "user_id_is_not_an_integer", "É,2,3,4"),
    ],
)
def test_a_rating_of_strange_bytes_is_kept_in_a_readable_form(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, line: bytes, error: str, raw_line: str
) -> None:
    ratings = lines_of(RATINGS_CSV)
    load(
        connection, tmp_path, CSV | {"ratings.csv": b"\n".join([*ratings[:2], line, *ratings[2:]])}
    )
    assert rejected_lines(connection) == [(3, error, raw_line)]
    assert raw_rows(connection, "ratings") == RATINGS


@pytest.mark.parametrize(
    ("name", "separator"), [("ratings.dat", "::"), ("u.data", "\t"), ("ratings.csv", ",")]
)
def test_the_faults_of_every_form_have_the_same_rules(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, separator: str
) -> None:
    header = RATINGS_CSV[: RATINGS_CSV.index(b"\n") + 1] if name == "ratings.csv" else b""
    faulty = [("",), (1, 2), ("x", 2, 3, 4), (1, 2, 3, 4), (1, 2, "x", 4), (1, 2, 3, 4, 5)]
    ratings = header + separated(separator, faulty)
    load(connection, tmp_path, {name: ratings, "movies.csv": MOVIES_CSV})
    first = len(lines_of(header)) + 1
    assert [(line, error) for line, error, _ in rejected_lines(connection)] == [
        (first, "blank_line"),
        (first + 1, "wrong_field_count"),
        (first + 2, "user_id_is_not_an_integer"),
        (first + 4, "rating_is_not_a_number"),
        (first + 5, "wrong_field_count"),
    ]
    assert accepted_lines(connection, "ratings") == [first + 3]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("record", "error"),
    [
        ("", "blank_line"),
        ("\t", "blank_line"),
        ("40,Net", "wrong_field_count"),
        ("40,Net, The,Crime", "wrong_field_count"),
        ('40,"Net\nThe"', "wrong_field_count"),
        ("4.5,Net,Crime", "movie_id_is_not_an_integer"),
        ('x,"Net\n\nThe",Crime', "movie_id_is_not_an_integer"),
        ("9223372036854775808,Net,Crime", "movie_id_is_not_an_integer"),
        ("40,N\0t,Crime", "null_character"),
        ('40,"Net,Crime', "unclosed_quote"),
        ('40,"Net"s,Crime', "misplaced_quote"),
        (b"40,N\xe9t,Crime", "invalid_utf8"),
    ],
)
def test_a_faulty_movie_is_kept_with_its_rule_and_line(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    record: str | bytes,
    error: str,
    line_end: bytes,
) -> None:
    text = record.decode("utf-8", "backslashreplace") if isinstance(record, bytes) else record
    header, *good, last = MOVIES_CSV.splitlines()
    faulty = record if isinstance(record, bytes) else record.encode()
    movies = b"\n".join([header, *good, faulty, last])
    load(connection, tmp_path, CSV | {"movies.csv": movies.replace(b"\n", line_end)})
    assert rejected_lines(connection) == [(4, error, text)]
    assert raw_rows(connection, "movies") == MOVIES
    assert accepted_lines(connection, "movies") == [2, 3, 5 + text.count("\n")]


@pytest.mark.parametrize("records_at_once", [1, 2, 100])
def test_line_numbers_stay_exact_after_records_of_several_lines(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, records_at_once: int
) -> None:
    movies = (
        b'movieId,title,genres\n10,"Heat\r\n\r\n(1995)",Crime\n\n'
        b'x,"two\rlines",Drama\n20,"open,Drama\n30,"La ""cit\xc3\xa9""",Drama\n\n40,,'
    )
    with patch("ingest.load.RECORDS_AT_ONCE", records_at_once):
        loads = load(connection, tmp_path, CSV | {"movies.csv": movies})
    assert loads["movies"].line_count == 7
    assert rows(connection, "select line_number, movieId, title from raw.movies order by 1") == [
        (2, 10, "Heat\n\n(1995)"),
        (9, 30, 'La "cité"'),
        (11, 40, ""),
    ]
    assert rejected_lines(connection) == [
        (5, "blank_line", ""),
        (6, "movie_id_is_not_an_integer", 'x,"two\nlines",Drama'),
        (8, "misplaced_quote", '20,"open,Drama'),
        (10, "blank_line", ""),
    ]


def test_tags_and_links_are_judged_as_well(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    others = {
        "tags.csv": b"userId,movieId,tag,timestamp\nx,1,fun,1\n1,1,fun,noon\n1,1,fun\n",
        "links.csv": b"movieId,imdbId,tmdbId\nx,1,1\n1,tt01,\n",
    }
    load(connection, tmp_path, CSV | others)
    query = "select source_file, line_number, error from raw.rejected_lines order by all"
    assert rows(connection, query) == [
        ("links.csv", 2, "movie_id_is_not_an_integer"),
        ("tags.csv", 2, "user_id_is_not_an_integer"),
        ("tags.csv", 3, "timestamp_is_not_an_integer"),
        ("tags.csv", 4, "wrong_field_count"),
    ]
    assert raw_rows(connection, "links") == [(1, "tt01", "")]


def test_one_fault_among_many_records_is_found(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = [b"movieId,title,genres", *(b"%d,Heat,Crime" % i for i in range(5000))]
    lines[3777] = b"broken"
    load(connection, tmp_path, CSV | {"movies.csv": b"\n".join(lines)})
    assert rejected_lines(connection) == [(3778, "wrong_field_count", "broken")]


# --- What is refused


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (CSV | {"ratings.csv": b"userId,movieId,rating"}, "ratings.csv has no ratings in it."),
        (CSV | {"movies.csv": b"movieId,title,genres\r\n"}, "movies.csv has no movies in it."),
        (CSV | {"tags.csv": b"userId,movieId,tag\n"}, "tags.csv has no tags in it."),
        (
            CSV | {"ratings.csv": RATINGS_CSV + b"1" * 3_000_000},
            "ratings.csv has a line of more than 1,048,576 bytes: is it text?",
        ),
        (
            CSV | {"movies.csv": MOVIES_CSV + b'1,"' + b"x" * 3_000_000},
            "movies.csv has a line of more than 1,048,576 bytes: is it text?",
        ),
        (
            {"movies.csv": MOVIES_CSV, "ratings.csv.gz": gzip.compress(RATINGS_CSV)[:-9]},
            "ratings.csv.gz cannot be read: Compressed file ended",
        ),
        (
            {"movies.csv.zst": zstd.compress(MOVIES_CSV)[:-9], "ratings.csv": RATINGS_CSV},
            "movies.csv.zst cannot be read: Compressed file ended",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, contents: Contents, sentence: str
) -> None:
    assert refusal(connection, tmp_path, contents).startswith(f"{tmp_path}/{sentence}")
    load(connection, tmp_path, CSV)
    assert raw_rows(connection, "ratings") == RATINGS


@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_a_long_line_may_still_be_read(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, size: int
) -> None:
    long = b"x" * size
    header, *lines = lines_of(MOVIES_CSV)
    contents = {
        "ratings.csv": b"userId,movieId,rating,note\n1,2,3,%b\n1,%b,3,\n" % (long, long),
        "movies.csv": b"\n".join([header, b'1,"%b",Crime' % long, *lines]),
    }
    load(connection, tmp_path, contents)
    assert raw_rows(connection, "ratings") == [(1, 2, 3.0, None)]
    assert [(line, error, len(text)) for line, error, text in rejected_lines(connection)] == [
        (3, "movie_id_is_not_an_integer", size + 5)
    ]
    assert rows(connection, "select length(title) from raw.movies where movieId = 1") == [(size,)]


def test_a_file_that_grows_while_it_is_read_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def grown(name: str):
        def survey_of(path: Path) -> Survey:
            return Survey(5, r"\n") if path.name == name else survey(path)

        return patch("ingest.load.survey", survey_of)

    with grown("ratings.csv"):
        assert refusal(connection, tmp_path, CSV) == (
            f"{tmp_path}/ratings.csv has 4 lines, but 3 were read: was it written to meanwhile?"
        )
    with grown("movies.csv"):
        message = refusal(connection, tmp_path, CSV)
    assert message == f"{tmp_path}/movies.csv was written to while it was read."


# --- What is kept about a load


def test_each_load_is_recorded(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    ratings = gzip.compress(RATINGS_CSV + b"broken\n")
    load(connection, tmp_path, {"ratings.csv.gz": ratings, "movies.csv": MOVIES_CSV})
    query = "select * exclude loaded_at from raw.loads order by source_file"
    digest, movies_digest = (hashlib.sha256(x).hexdigest() for x in (ratings, MOVIES_CSV))
    assert rows(connection, query) == [
        ("movies.csv", "movies", len(MOVIES_CSV), movies_digest, 3, 3, 0, tmp_path.name),
        ("ratings.csv.gz", "ratings", len(ratings), digest, 4, 3, 1, tmp_path.name),
    ]
    age = "now() at time zone 'UTC' - loaded_at"
    assert rows(connection, f"select distinct {age} < interval 1 hour from raw.loads") == [(True,)]


def test_a_load_takes_the_place_of_the_one_before(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(connection, tmp_path, CSV | {"ratings.csv": RATINGS_CSV + b"x\n"})
    load(connection, tmp_path, CSV)
    assert raw_rows(connection, "ratings") == RATINGS
    assert rejected_lines(connection) == []
    assert rows(connection, "select count(*) from raw.loads") == [(2,)]
    temporary = "select count(*) from duckdb_tables() where temporary"
    assert rows(connection, temporary) == [(0,)]


def test_each_file_is_announced_before_it_is_read(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(connection, tmp_path, CSV)
    announced = []
    load_folder(connection, tmp_path, progress=lambda file: announced.append(file.path.name))
    assert announced == ["movies.csv", "ratings.csv"]


@pytest.mark.parametrize(
    "name", ["it's", "a b", "[ab]", "a*", "a?", "{a,b}", "line=7", "user_id=7", "%20", "é", "a\\b"]
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_folder_may_have_any_name(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, form: str
) -> None:
    other = {"ratings.csv": RATINGS_CSV.replace(b"1,", b"9,"), "movies.csv": MOVIES_CSV}
    load(connection, tmp_path / "a1", other)
    load(connection, tmp_path / "a", other)
    ratings = {"csv": RATINGS_CSV, "parquet": GOOD_PARQUET}[form]
    contents = {f"ratings.{form}": ratings, "movies.csv": MOVIES_CSV}
    load(connection, tmp_path / name, contents)
    assert raw_rows(connection, "ratings") == RATINGS


# --- LIMIT


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 1000])
@pytest.mark.parametrize(
    "ratings",
    {
        "ratings.csv": RATINGS_CSV.replace(b"1,20", b"1,x"),
        "ratings.csv.gz": gzip.compress(
            RATINGS_CSV.replace(b"\n", b"\r\n", 2).replace(b"20", b"x")
        ),
        "ratings.dat": separated("::", RATINGS).replace(b"20", b"x"),
        "ratings.parquet": parquet(
            f"select * replace (replace(movieId, '20', 'x') as movieId) from {RATINGS_SQL}"
        ),
    }.items(),
    ids=lambda ratings: ratings[0],
)
def test_a_limit_takes_the_first_lines_of_ratings_and_all_else(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, ratings: tuple[str, bytes], limit: int
) -> None:
    name, content = ratings
    loads = load(connection, tmp_path, {name: content, "movies.csv": MOVIES_CSV}, limit)
    assert loads["ratings"].line_count == min(limit, len(RATINGS))
    assert len(rejected_lines(connection)) == (limit >= 2)
    assert raw_rows(connection, "ratings") == [
        rating for rating in RATINGS[:limit] if rating[1] != 20
    ]
    assert raw_rows(connection, "movies") == MOVIES


# --- Whatever the bytes, nothing is lost and nothing else is raised

NASTY = st.sampled_from(
    [
        *(
            b'"',
            b'""',
            b"\n",
            b"\r",
            b"\r\n",
            b"\0",
            b",",
            b"::",
            b"|",
            b"\t",
            b" ",
            b"\x01",
            b"\xff",
        ),
        *(
            b"\x85",
            b"\xef\xbb\xbf",
            "É".encode(),
            b"\xed\xa0\x80",
            b"-",
            b".",
            b"1",
            b"nan",
            b"1e400",
        ),
        *(
            b"9223372036854775807",
            b"9223372036854775808",
            b'","',
            b'"\n"',
            b"1,2,3,4\n",
            b"1,a,b\n",
        ),
    ]
) | st.binary(max_size=4)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw a file with bytes changed, put in, taken out or cut off here and there."""
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 0, 1, 2, 5, len(content)]))
        content = content[:start] + draw(NASTY) + content[start + length :]
    return content


def bodies(rows: Rows, separator: str) -> st.SearchStrategy[bytes]:
    """Draw what may stand below a header: damaged rows, or nothing but rubble."""
    if separator == ",":
        good = csv_bytes([], rows).split(b"\n", 1)[1]
    else:
        good = separated(separator, rows)
    rubble = st.lists(NASTY, max_size=30).map(b"".join)
    line_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
    return line_ends.flatmap(lambda end: damaged(good.replace(b"\n", end))) | rubble


FOLDER = "drawn"


def line_spans(connection: duckdb.DuckDBPyConnection, table: str, name: str) -> list[int]:
    """Return the numbers of all lines that rows and rejected lines say that they span."""
    texts = "title || genres" if table == "movies" else "''"
    spans = f"""
        select line_number, coalesce({texts}, '') as text from raw.{table}
        union all
        select line_number, raw_line from raw.rejected_lines where source_file = '{name}'
    """
    return sorted(
        number
        for start, text in rows(connection, spans)
        for number in range(start, start + 1 + text.count("\n"))
    )


@settings(deadline=None, max_examples=80)
@given(data=st.data())
@pytest.mark.parametrize(
    ("table", "name", "separator"),
    [
        ("ratings", "ratings.csv", ","),
        ("ratings", "ratings.dat", "::"),
        ("movies", "movies.csv", ","),
        ("movies", "u.item", "|"),
    ],
)
def test_every_line_below_the_header_is_accepted_or_rejected(
    connection: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    table: str,
    name: str,
    separator: str,
) -> None:
    good = RATINGS if table == "ratings" else [*MOVIES, (40, "two\nlines", "Drama")]
    good = [item(*movie) for movie in MOVIES] if name == "u.item" else good
    header = ",".join(RATINGS_HEADER if table == "ratings" else MOVIES_HEADER).encode() + b"\n"
    content = (header if separator == "," else b"") + data.draw(bodies(good, separator))
    lines = lines_of(content)
    first = 2 if separator == "," else 1

    folder = tmp_path_factory.getbasetemp() / FOLDER
    other = {"ratings": {"movies.csv": MOVIES_CSV}, "movies": {"ratings.csv": RATINGS_CSV}}[table]
    if len(lines) < first:
        refusal(connection, folder, other | {name: content})
        return
    load(connection, folder, other | {name: content})
    assert line_spans(connection, table, name) == list(range(first, len(lines) + 1))
    if table == "ratings":
        assert_lines_are_read_right(connection, lines, separator)


def assert_lines_are_read_right(
    connection: duckdb.DuckDBPyConnection, lines: list[bytes], separator: str
) -> None:
    """Hold ratings and rejected lines against a reading that knows the simplest lines alone."""
    query = "select line_number, userId, movieId, rating, timestamp from raw.ratings"
    accepted = {number: row for number, *row in rows(connection, query)}
    rejected = {number: text for number, _, text in rejected_lines(connection)}
    for number, line in enumerate(lines, start=1):
        number_pattern = rb"[0-9]{1,9}"
        plain = separator.encode().join([number_pattern] * 4)
        if re.fullmatch(plain, line):
            assert accepted[number] == [float(field) for field in line.split(separator.encode())]
        elif number in rejected and number > 1 and line.isascii() and b"\x01" not in line:
            assert rejected[number] == line.decode()


@settings(deadline=None, max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("name", ["ratings.csv", "movies.csv"])
def test_a_file_of_any_bytes_is_loaded_or_refused(
    connection: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    name: str,
) -> None:
    content = data.draw(damaged(CSV[name]) | st.binary(max_size=60), "content")
    folder = tmp_path_factory.getbasetemp() / FOLDER
    try:
        load(connection, folder, CSV | {name: content})
    except UserError as error:
        faults = "names the columns|must begin with|is not UTF-8|is empty|in it"
        assert re.search(faults, str(error)), str(error)
        return
    table = name.removesuffix(".csv")
    spans = line_spans(connection, table, name)
    assert spans == sorted(set(spans))
    if table == "ratings":
        assert spans == list(range(2, len(lines_of(content)) + 1))


@settings(deadline=None, max_examples=60)
@given(lines=st.lists(st.text(st.sampled_from('"",,1 '), max_size=12), min_size=1, max_size=40))
def test_quotes_in_ratings_are_read_as_pythons_csv_module_reads_them(
    connection: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
) -> None:
    content = "\n".join(["userId,movieId,rating", *lines, ""]).encode()
    load(connection, tmp_path_factory.getbasetemp() / FOLDER, CSV | {"ratings.csv": content})
    query = "select line_number, userId, movieId, rating from raw.ratings"
    accepted = {number: row for number, *row in rows(connection, query)}
    rejected = {number: error for number, error, _ in rejected_lines(connection)}
    for number, line in enumerate(lines, start=2):
        try:
            fields = next(csv.reader([line], strict=True), [])
        except csv.Error as error:
            is_unclosed = "unexpected end of data" in str(error)
            assert rejected[number] == ("unclosed_quote" if is_unclosed else "misplaced_quote")
            continue
        if not line.strip():
            assert rejected[number] == "blank_line"
        elif len(fields) != 3:
            assert rejected[number] == "wrong_field_count"
        elif all(re.fullmatch(" *1* *", field) for field in fields):
            numbers = [float(field) if field.strip() else None for field in fields]
            assert accepted[number] == numbers
        else:
            assert "_is_not_a" in rejected[number]


# --- Many lines, and other readers


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_numbers_are_exact_in_a_file_that_several_threads_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line_end: str
) -> None:
    monkeypatch.setenv("REELHOUSE_THREADS", "2")
    line_count = 300_000
    note = "x" * 100
    lines = [f"{number % 977},{number},3.5,{note}" for number in range(line_count + 1)]
    lines[1] = "userId,movieId,rating,note"
    planted = [2, 3, *sorted(random.Random(0).sample(range(4, line_count), 200)), line_count]
    faults = ["", "broken", "x,1,3,note", '1,"2"3,4,note', "1,2,nan,note"]
    for i, number in enumerate(planted):
        lines[number] = faults[i % len(faults)]
    for number in planted[2:-2]:
        lines[number + 1] = f'1,"{number + 1}",3.5,"{note * 1000}, "'
    expected = [(number, lines[number]) for number in planted if lines[number] in faults]
    ratings = line_end.join(lines[1:]).encode()

    with connect(tmp_path / "x.duckdb") as connection:
        load(connection, tmp_path / "many", CSV | {"ratings.csv": ratings})
        found = [(number, text) for number, _, text in rejected_lines(connection)]
        assert found == expected
        wrong = "select count(*) from raw.ratings where line_number != movieId or rating != 3.5"
        assert rows(connection, wrong) == [(0,)]


def test_ratings_are_what_pandas_reads(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    random_numbers = np.random.default_rng(0)
    ratings = pd.DataFrame(
        {
            "timestamp": random_numbers.integers(8e8, 2**40, 5000),
            "userId": random_numbers.integers(1, 2**62, 5000),
            "rating": random_numbers.uniform(-5, 5, 5000).round(6),
            "movieId": random_numbers.integers(1, 300, 5000),
        }
    )
    content = ratings.to_csv(index=False).encode()
    load(connection, tmp_path, CSV | {"ratings.csv": content})
    read = pd.read_csv(
        io.BytesIO(content),
    )
    loaded = connection.execute("select * from raw.ratings order by line_number").df()
    pd.testing.assert_frame_equal(loaded[RATINGS_HEADER], read[RATINGS_HEADER])
    assert loaded["line_number"].tolist() == list(range(2, 5002))


def test_a_published_release_is_what_pandas_reads(connection: duckdb.DuckDBPyConnection) -> None:
    if not RELEASE.is_dir():
        pytest.skip(f"ml-latest-small is not at {RELEASE}")
    loads = load_folder(connection, RELEASE)
    assert [load.rejected_count for load in loads] == [0, 0, 0, 0]
    for load in loads:
        texts = dict.fromkeys(["title", "genres", "tag", "imdbId", "tmdbId"], str)
        read = pd.read_csv(load.file.path, dtype=texts, keep_default_na=False)
        loaded = connection.execute(f"from raw.{load.file.table} order by line_number").df()
        pd.testing.assert_frame_equal(loaded[list(read.columns)], read, check_dtype=False)
