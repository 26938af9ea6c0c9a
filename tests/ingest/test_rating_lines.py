"""Lines of ratings: what is read, which rule a fault breaks, and on which line it stands."""

import csv
import io
import random
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.files import SEPARATORS
from tests.ingest.loading import (
    CSV,
    FAULTY_LINES,
    FOLDER,
    MEANT_LINES,
    MOVIES_CSV,
    RATINGS,
    RATINGS_CSV,
    RATINGS_HEADER,
    accepted_lines,
    csv_bytes,
    lines_of,
    load,
    raw_rows,
    rejected_lines,
    rows,
    separated,
)
from warehouse.connection import connect


def test_a_rating_without_a_time_may_be_faulty_too(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(connection, tmp_path, CSV | {"ratings.csv": b'userId,movieId,rating\n1,x,3\n"1",2,3\n'})
    assert rejected_lines(connection) == [(2, "movie_id_is_not_an_integer", "1,x,3")]
    assert raw_rows(connection, "ratings") == [(1, 2, 3.0, None)]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(("line", "error"), FAULTY_LINES)
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


@pytest.mark.parametrize(("line", "row"), MEANT_LINES)
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
    ("name", "separator"),
    [
        ("ratings.dat", "::"),
        ("u.data", "\t"),
        *(("ratings.csv", separator) for separator in SEPARATORS),
    ],
)
def test_the_faults_of_every_form_have_the_same_rules(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, separator: str
) -> None:
    header = separated(separator, [tuple(RATINGS_HEADER)]) if name == "ratings.csv" else b""
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


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (";;", "wrong_field_count"),
        ("1;2;3,5", "wrong_field_count"),
        ("1,2,3,4", "wrong_field_count"),
        ("1;2;1,234.5;4", "rating_is_not_a_number"),
        ("1;2;3,5,5;4", "rating_is_not_a_number"),
        ("1;2;,;4", "rating_is_not_a_number"),
        ("1,5;2;3;4", "user_id_is_not_an_integer"),
        ("1;2;3;4,5", "timestamp_is_not_an_integer"),
        ('"1;2;3;4', "unclosed_quote"),
        ('1;"2"x;3;4', "misplaced_quote"),
        ('1;"2;3"4;5;6', "misplaced_quote"),
        ('1;2";3;4', "movie_id_is_not_an_integer"),
    ],
)
def test_semicolons_have_the_same_rules(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, line: str, error: str
) -> None:
    good = csv_bytes(RATINGS_HEADER, RATINGS, delimiter=";")
    load(connection, tmp_path, CSV | {"ratings.csv": good + line.encode()})
    assert rejected_lines(connection) == [(5, error, line)]
    assert raw_rows(connection, "ratings") == RATINGS


@pytest.mark.parametrize(
    ("line", "rating"),
    [("1;2;3,5;4", 3.5), ('1;2;"3,5";4', 3.5), ("1;2; ,5 ;4", 0.5), ("1;2;-3.5;4", -3.5)],
)
def test_a_rating_between_semicolons_may_have_a_decimal_comma(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, line: str, rating: float
) -> None:
    good = csv_bytes(RATINGS_HEADER, RATINGS, delimiter=";")
    load(connection, tmp_path, CSV | {"ratings.csv": good + line.encode()})
    assert raw_rows(connection, "ratings") == [*RATINGS, (1, 2, rating, 4)]
    assert rejected_lines(connection) == []


@settings(deadline=None, max_examples=20)
@given(lines=st.lists(st.text(st.sampled_from('"",,1 '), max_size=12), min_size=1, max_size=40))
@pytest.mark.parametrize("separator", SEPARATORS)
def test_quotes_in_ratings_are_read_as_pythons_csv_module_reads_them(
    connection: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    separator: str,
) -> None:
    lines = [line.replace(",", separator) for line in lines]
    content = "\n".join(["userId,movieId,rating".replace(",", separator), *lines, ""]).encode()
    load(connection, tmp_path_factory.getbasetemp() / FOLDER, CSV | {"ratings.csv": content})
    query = "select line_number, userId, movieId, rating from raw.ratings"
    accepted = {number: row for number, *row in rows(connection, query)}
    rejected = {number: error for number, error, _ in rejected_lines(connection)}
    for number, line in enumerate(lines, start=2):
        try:
            fields = next(csv.reader([line], delimiter=separator, strict=True), [])
        except csv.Error as error:
            is_unclosed = "unexpected end of data" in str(error)
            assert rejected[number] == ("unclosed_quote" if is_unclosed else "misplaced_quote")
            continue
        if not line.strip(" "):
            assert rejected[number] == "blank_line"
        elif len(fields) != 3:
            assert rejected[number] == "wrong_field_count"
        elif all(re.fullmatch(" *1* *", field) for field in fields):
            numbers = [float(field) if field.strip() else None for field in fields]
            assert accepted[number] == numbers
        else:
            assert "_is_not_a" in rejected[number]


NUMBERS = ["1", "42", "007", f"{'0' * 20}1", "9" * 18, "9" * 20, "", "."]
FIELDS = [*NUMBERS, "3.5", "4.", ".5", "1234567890.5", "3.50000000", "3..5", "1.5"]


@settings(deadline=None, max_examples=25)
@given(
    lines=st.lists(st.lists(st.sampled_from(FIELDS), min_size=3, max_size=5), max_size=6),
    good_count=st.integers(0, 2),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    separator=st.sampled_from([",", ";", "\t"]),
)
def test_plain_numbers_are_read_at_once_as_line_by_line(
    connection: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[list[str]],
    good_count: int,
    line_end: str,
    separator: str,
) -> None:
    """Where any line is no plain one, each is looked at; where none is, the rows are the same."""
    texts = [
        separator.join(fields)
        for fields in [RATINGS_HEADER, *[["7", "10", "4.5", "5"]] * good_count, *lines]
    ]
    contents = CSV | {"ratings.csv": line_end.join([*texts, ""]).encode()}
    if len(texts) == 1:
        return
    folder = tmp_path_factory.getbasetemp() / FOLDER
    load(connection, folder, contents)
    at_once = [
        rows(connection, "from raw.ratings order by line_number"),
        rejected_lines(connection),
    ]
    with patch("ingest.rating_lines._load_numbers", lambda *arguments: False):
        load(connection, folder, contents)
    line_by_line = rows(connection, "from raw.ratings order by line_number")
    assert at_once == [line_by_line, rejected_lines(connection)]


@pytest.mark.parametrize("content", [RATINGS_CSV, separated("::", RATINGS), RATINGS_CSV[:-1]])
def test_a_release_is_read_at_once(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes
) -> None:
    name = "ratings.csv" if content.startswith(b"userId") else "ratings.dat"
    with patch("ingest.rating_lines._load_other_lines") as line_by_line:
        load(connection, tmp_path, {"movies.csv": MOVIES_CSV, name: content})
    assert not line_by_line.called
    assert raw_rows(connection, "ratings") == RATINGS


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
            "timestamp": random_numbers.integers(800_000_000, 2**40, 5000),
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
