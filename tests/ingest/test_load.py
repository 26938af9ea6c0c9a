"""From a folder to raw tables: every form gives the same rows, every line is accounted for."""

import csv
import gzip
import hashlib
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pandas as pd
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.files import ITEM_GENRES, SEPARATORS, Survey
from ingest.load import load_folder
from tests.conftest import RELEASE
from tests.ingest.loading import (
    CSV,
    FOLDER,
    GOOD_PARQUET,
    LINKS,
    LINKS_HEADER,
    MOVIES,
    MOVIES_CSV,
    MOVIES_HEADER,
    RATINGS,
    RATINGS_CSV,
    RATINGS_HEADER,
    RATINGS_SQL,
    TAGS,
    TAGS_HEADER,
    Contents,
    Rows,
    csv_bytes,
    lines_of,
    load,
    parquet,
    raw_rows,
    refusal,
    rejected_lines,
    rows,
    separated,
    values,
)
from warehouse.errors import UserError

# --- Every form of a dataset gives the same rows


def among_others(header: list[str], rows: Rows, **style: Any) -> bytes:
    """Write columns in reverse order, among others that trouble careless readers."""
    note = 'commas, semicolons; "quotes",\ttabs and “é”'
    return csv_bytes(
        ["", *header[::-1], "user id", "note"],
        [("", *row[::-1], "x", note) for row in rows],
        **style,
    )


def item(movie_id: int, title: str, genres: str) -> tuple[Any, ...]:
    """Lay a movie out as MovieLens 100K's u.item does."""
    flags = [int(genre in genres.split("|")) for genre in ITEM_GENRES]
    return (movie_id, title, "01-Jan-1995", "", "http://us.imdb.com/M/title-exact?x", *flags)


SEMICOLONS = {"delimiter": ";", "quoting": csv.QUOTE_ALL, "lineterminator": "\r\n"}

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
    "csv, semicolons": {
        "ratings.csv": csv_bytes(RATINGS_HEADER, RATINGS, delimiter=";"),
        "movies.csv": csv_bytes(MOVIES_HEADER, MOVIES, delimiter=";"),
    },
    "csv, tabs": {
        "ratings.csv": csv_bytes(RATINGS_HEADER, RATINGS, delimiter="\t"),
        "movies.csv": csv_bytes(MOVIES_HEADER, MOVIES, delimiter="\t"),
    },
    "csv, semicolons, all quoted, CRLF": {
        "ratings.csv": csv_bytes(RATINGS_HEADER, RATINGS, **SEMICOLONS),
        "movies.csv": csv_bytes(MOVIES_HEADER, MOVIES, **SEMICOLONS),
    },
    "csv, semicolons, decimal commas": CSV
    | {"ratings.csv": csv_bytes(RATINGS_HEADER, RATINGS, delimiter=";").replace(b".", b",")},
    "csv, semicolons, decimal commas, all quoted": CSV
    | {"ratings.csv": csv_bytes(RATINGS_HEADER, RATINGS, **SEMICOLONS).replace(b".", b",")},
    "gzip, semicolons, other columns": {
        "ratings.csv.gz": gzip.compress(among_others(RATINGS_HEADER, RATINGS, delimiter=";")),
        "movies.csv.gz": gzip.compress(among_others(MOVIES_HEADER, MOVIES, delimiter=";")),
    },
    "zstd, tabs, other columns": {
        "ratings.csv.zst": zstd.compress(among_others(RATINGS_HEADER, RATINGS, delimiter="\t")),
        "movies.csv.zst": zstd.compress(among_others(MOVIES_HEADER, MOVIES, delimiter="\t")),
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
        "csv, semicolons": {
            "tags.csv": csv_bytes(TAGS_HEADER, TAGS, **SEMICOLONS),
            "links.csv": csv_bytes(LINKS_HEADER, LINKS, delimiter=";"),
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


def test_a_file_that_grows_while_it_is_read_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def grown(path: Path, *, has_header: bool = True) -> Survey:
        return Survey(5, r"\n", is_numeric=True, point_count=3, separator_bytes=9)

    with patch("ingest.rating_lines.survey", grown):
        assert refusal(connection, tmp_path, CSV) == (
            f"{tmp_path}/ratings.csv has 4 lines, but 3 were read: was it written to meanwhile?"
        )
    with patch("ingest.free_text.survey", grown):
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
    announced: list[str | Path] = []
    load_folder(connection, tmp_path, progress=announced.append)
    assert announced == [tmp_path / "movies.csv", tmp_path / "ratings.csv"]


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


def test_a_limit_that_the_first_file_reaches_leaves_out_no_tags(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    contents = CSV | {
        "ratings-2.csv": RATINGS_CSV,
        "tags.csv": csv_bytes(TAGS_HEADER, TAGS),
    }
    load(connection, tmp_path, contents, len(RATINGS))
    assert raw_rows(connection, "ratings") == RATINGS
    assert raw_rows(connection, "tags") == TAGS


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
            b";",
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
    if separator in SEPARATORS:
        good = csv_bytes([], rows, delimiter=separator).split(b"\n", 1)[1]
    else:
        good = separated(separator, rows)
    rubble = st.lists(NASTY, max_size=30).map(b"".join)
    line_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
    return line_ends.flatmap(lambda end: damaged(good.replace(b"\n", end))) | rubble


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


@settings(deadline=None, max_examples=15)
@given(data=st.data())
@pytest.mark.parametrize(
    ("table", "name", "separator"),
    [
        ("ratings", "ratings.csv", ","),
        ("ratings", "ratings.csv", ";"),
        ("ratings", "ratings.csv", "\t"),
        ("ratings", "ratings.dat", "::"),
        ("movies", "movies.csv", ","),
        ("movies", "movies.csv", ";"),
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
    good: Rows = [*RATINGS]
    if table == "movies":
        good = [*MOVIES, (40, "two\nlines", "Drama")]
    good = [item(*movie) for movie in MOVIES] if name == "u.item" else good
    names = RATINGS_HEADER if table == "ratings" else MOVIES_HEADER
    header = separated(separator, [tuple(names)]) if name.endswith(".csv") else b""
    content = header + data.draw(bodies(good, separator))
    lines = lines_of(content)
    first = 2 if header else 1

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


@settings(deadline=None, max_examples=15)
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


def test_a_published_release_is_what_pandas_reads(connection: duckdb.DuckDBPyConnection) -> None:
    if not RELEASE.is_dir():
        pytest.skip(f"ml-latest-small is not at {RELEASE}")
    loads = load_folder(connection, RELEASE)
    assert [of_file.rejected_count for of_file in loads] == [0, 0, 0, 0]
    for of_file in loads:
        texts = dict.fromkeys(["title", "genres", "tag", "imdbId", "tmdbId"], str)
        read = pd.read_csv(of_file.file.path, dtype=texts, keep_default_na=False)
        loaded = connection.execute(f"from raw.{of_file.file.table} order by line_number").df()
        pd.testing.assert_frame_equal(loaded[list(read.columns)], read, check_dtype=False)
