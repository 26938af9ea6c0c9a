"""Small files of every kind, and what loading them gives."""

import csv
import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest

from ingest.load import Load, load_folder
from warehouse.errors import UserError

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


RATINGS_SQL = values(RATINGS_HEADER, RATINGS)


GOOD_PARQUET = parquet(f"select * from {RATINGS_SQL}")


FAULTY_LINES = [
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
]
"""Lines that are no ratings, with the rule that each breaks."""

MEANT_LINES = [
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
]
"""Lines in unusual forms, with the rating that each means."""


FOLDER = "drawn"
