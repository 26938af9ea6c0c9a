"""Parquet: columns of any type, rows that do not fit, and files that are none."""

from pathlib import Path

import duckdb
import pytest

from tests.ingest.loading import (
    GOOD_PARQUET,
    MOVIES,
    MOVIES_CSV,
    MOVIES_HEADER,
    RATINGS,
    RATINGS_CSV,
    RATINGS_SQL,
    accepted_lines,
    load,
    parquet,
    raw_rows,
    refusal,
    rejected_lines,
    rows,
    values,
)


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
    monkeypatch.setattr("ingest.parquet.ANY_ROWS", 20_000)
    bomb = parquet("select 1 as userId, 1 as movieId, 3.5 as rating from range(200000)")
    monkeypatch.setattr("ingest.parquet.MAX_ROWS_PER_BYTE", 200_000 // len(bomb))
    message = refusal(connection, tmp_path, {"ratings.parquet": bomb, "movies.csv": MOVIES_CSV})
    assert "promises 200,000 rows in" in message
