"""Movies, tags and links: each record keeps its line, and each fault its rule."""

from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest

from tests.ingest.loading import (
    CSV,
    MOVIES,
    MOVIES_CSV,
    accepted_lines,
    load,
    raw_rows,
    rejected_lines,
    rows,
)


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
    with patch("ingest.free_text.RECORDS_AT_ONCE", records_at_once):
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
