"""Which files of a folder are the dataset, and what is refused before anything is loaded."""

import gzip
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from ingest import files
from ingest.files import (
    CHUNK_BYTES,
    COLUMNS,
    ITEM_COLUMNS,
    SourceFile,
    find_files,
    open_bytes,
    read_text_lines,
    sha256,
    survey,
)
from warehouse.errors import UserError

RATINGS = b"userId,movieId,rating,timestamp\n1,10,4.0,1000\n"
MOVIES = b"movieId,title,genres\n10,Heat (1995),Crime\n"
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstd.compress,
}


def write(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as refused:
        find_files(folder)
    return str(refused.value)


def lines_of(path: Path, *, has_header: bool = True) -> list[str | bytes]:
    return list(read_text_lines(SourceFile("movies", path, (), ",", has_header, True)))


# --- Which files


def test_movies_come_before_ratings_and_what_is_optional_follows(tmp_path: Path) -> None:
    tags, links = b"userId,movieId,tag\n", b"movieId\n"
    contents = {"tags.csv": tags, "ratings.csv": RATINGS, "links.csv": links, "movies.csv": MOVIES}
    write(tmp_path, contents | {"README.txt": b"", "users.dat": b""})
    assert [file.table for file in find_files(tmp_path)] == ["movies", "ratings", "tags", "links"]


@pytest.mark.parametrize("suffix", COMPRESSIONS)
@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("movieId,title,genres\n", ("movieId", "title", "genres")),
        ("\ufeffmovieId,title,genres\r\n", ("movieId", "title", "genres")),
        (
            'genres,"note, quoted",Title, movie_id \r',
            ("genres", "note, quoted", "title", "movieId"),
        ),
        ("movieId,title,genres", ("movieId", "title", "genres")),
    ],
)
def test_a_csv_file_names_its_columns_in_any_order_and_spelling(
    tmp_path: Path, header: str, columns: tuple[str, ...], suffix: str
) -> None:
    name = f"movies.csv{suffix}"
    write(tmp_path, {"ratings.csv": RATINGS, name: COMPRESSIONS[suffix](header.encode())})
    assert find_files(tmp_path)[0] == SourceFile(
        "movies", tmp_path / name, columns, ",", has_header=True, is_quoted=True
    )


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("movieId;title;genres", ";"),
        ('"movieId";"title";"genres"', ";"),
        ("movieId\ttitle\tgenres", "\t"),
        ('movie_id\tTitle\tgenres\t"a;b,c\td"', "\t"),
        ("movieId;title;genres;x,y,z", ";"),
        ("movieId,title,genres,x;y;z;title", ","),
    ],
)
@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_the_header_tells_what_divides_the_columns(
    tmp_path: Path, header: str, separator: str, suffix: str
) -> None:
    content = COMPRESSIONS[suffix](header.encode())
    write(tmp_path, {"ratings.csv": RATINGS, f"movies.csv{suffix}": content})
    movies = find_files(tmp_path)[0]
    assert movies.separator == separator
    assert movies.columns[:3] == ("movieId", "title", "genres")
    assert len(movies.columns) == 3 + len(movies.columns[3:4])


@pytest.mark.parametrize(
    ("table", "name", "columns", "separator"),
    [
        ("ratings", "ratings.dat", tuple(COLUMNS["ratings"]), "::"),
        ("ratings", "u.data", tuple(COLUMNS["ratings"]), "\t"),
        ("movies", "movies.dat", tuple(COLUMNS["movies"]), "::"),
        ("movies", "u.item", ITEM_COLUMNS, "|"),
        ("movies", "movies.parquet", (), ""),
    ],
)
def test_other_forms_are_known_by_their_names(
    tmp_path: Path, table: str, name: str, columns: tuple[str, ...], separator: str
) -> None:
    other = {"ratings": {"movies.csv": MOVIES}, "movies": {"ratings.csv": RATINGS}}[table]
    write(tmp_path, other | {name: b"x"})
    (file,) = [file for file in find_files(tmp_path) if file.table == table]
    assert file == SourceFile(table, tmp_path / name, columns, separator, False, False)


# --- What is refused


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        ({"movies.csv": MOVIES}, "has no ratings: expected ratings.csv (also .gz or .zst), "),
        ({"ratings.csv": RATINGS}, "has no movies: expected movies.csv (also .gz or .zst), "),
        ({}, "has no movies"),
        (
            {"movies.csv": MOVIES, "ratings.csv": RATINGS, "ratings.dat": b"1::2::3"},
            "has both ratings.csv and ratings.dat: keep only the one that holds the ratings.",
        ),
        (
            {"movies.csv": MOVIES, "movies.csv.gz": b"", "u.item": b"", "ratings.csv": RATINGS},
            "has both movies.csv and movies.csv.gz and u.item",
        ),
    ],
)
def test_a_folder_without_one_file_a_table_is_refused(
    tmp_path: Path, contents: dict[str, bytes], sentence: str
) -> None:
    assert f"{tmp_path} {sentence}" in refusal(write(tmp_path, contents))


def test_a_file_is_no_folder_and_a_folder_is_no_file(tmp_path: Path) -> None:
    write(tmp_path, {"movies.csv": MOVIES})
    assert refusal(tmp_path / "movies.csv") == f"{tmp_path / 'movies.csv'} is not a folder."
    (tmp_path / "ratings.csv").mkdir()
    assert "has no ratings" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (b"", "is empty: expected ratings in it."),
        (b"\xef\xbb\xbf", "is empty: expected ratings in it."),
        (
            b"\xef\xbb\xbf\n1,2,3,4\n",
            "must begin with the names of its columns, not with: blank line.",
        ),
        (
            b"\nuserId,movieId,rating\n",
            "must begin with the names of its columns, not with: blank line.",
        ),
        (b'userId,"movieId,rating\n', "the names of its columns, not with: unclosed quote."),
        (b'userId,"movie"Id,rating\n', "the names of its columns, not with: misplaced quote."),
        (b"userId,rating\n", "names the columns userId, rating: movieId is missing."),
        (b"1,10,4.0,1000\n", "names the columns 1, 10, 4.0, 1000: userId is missing."),
        (b"userId|movieId|rating\n", "names the columns userId|movieId|rating: userId is missing."),
        (b"userId;rating\n", "names the columns userId, rating: movieId is missing."),
        (b"a column," * 99, "names the columns a column, a column, a column,"),
        (
            b"userId,movieId,rating,MOVIE_ID\n",
            "names the columns userId, movieId, rating, movieId: movieId is there twice.",
        ),
        (b"userId,movieId,rating,Gr\xf6\xdfe\n", "is not UTF-8 text: save it as CSV in UTF-8."),
        ("userId,movieId,rating\n".encode("utf-16"), "is not UTF-8 text: save it as CSV in UTF-8."),
        ("userId,movieId,rating\n".encode("utf-16-be"), "is not UTF-8 text"),
        (b"u" * 3 * CHUNK_BYTES, "has a line of more than 1,048,576 bytes: is it text?"),
    ],
)
def test_a_header_that_does_not_name_the_columns_is_refused(
    tmp_path: Path, header: bytes, sentence: str
) -> None:
    message = refusal(write(tmp_path, {"movies.csv": MOVIES, "ratings.csv": header}))
    assert message.startswith(f"{tmp_path / 'ratings.csv'} ")
    assert sentence in message
    assert len(message) < 500


@pytest.mark.parametrize("name", ["ratings.parquet", "ratings.dat", "u.data", "ratings.csv.gz"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    message = refusal(write(tmp_path, {"movies.csv": MOVIES, name: b""}))
    assert message == f"{tmp_path / name} is empty: expected ratings in it."


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        *((suffix, damage) for suffix in (".gz", ".zst") for damage in ("plain", "cut", "longer")),
        (".gz", "broken inside"),
    ],
)
def test_a_damaged_archive_is_refused_by_name(tmp_path: Path, suffix: str, damage: str) -> None:
    packed = COMPRESSIONS[suffix](RATINGS + hashlib.shake_128().hexdigest(999).encode() + b"\n")
    damaged = {
        "plain": RATINGS,
        "cut": packed[:-9],
        "longer": packed + b"more",
        "broken inside": packed[:40] + bytes(20) + packed[60:],
    }
    path = write(tmp_path, {f"ratings.csv{suffix}": damaged[damage]}) / f"ratings.csv{suffix}"
    with pytest.raises(UserError, match=f"{re.escape(str(path))} cannot be read: .+"):
        survey(path)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_few_bytes_that_promise_a_billion_rows_are_refused(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ANY_EXPANSION_BYTES", 1_000_000)
    bomb = COMPRESSIONS[suffix](RATINGS + b"1,1,5,1\n" * 300_000)
    path = write(tmp_path, {f"ratings.csv{suffix}": bomb}) / f"ratings.csv{suffix}"
    with pytest.raises(UserError, match=f"{re.escape(str(path))} unpacks to more than 1,000,000"):
        survey(path)


# --- Bytes and lines


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_a_file_opens_uncompressed_and_is_digested_as_it_lies(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ratings.csv{suffix}"
    path.write_bytes(COMPRESSIONS[suffix](RATINGS))
    with open_bytes(path) as file:
        assert file.read() == RATINGS
    assert sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert survey(path).line_count == 2


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_an_archive_in_several_parts_is_read_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ratings.csv{suffix}"
    path.write_bytes(COMPRESSIONS[suffix](b"a\n") + COMPRESSIONS[suffix](b"b\n"))
    assert lines_of(path) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "line_end"),
    [
        (b"", r"\n"),
        (b"a", r"\n"),
        (b"a\nb", r"\n"),
        (b"a\rb\r", r"\n"),
        (b"a\rb\nc", r"\n"),
        (b"a\r\nb\r\n", r"\r\n"),
        (b"a\r\nb\n", None),
        (b"a\nb\r\n", None),
        (b"a\r\nb\r", None),
        (b"a\n\r\n", None),
        (b"\xef\xbb\xbf\xc3\xa9\n", r"\n"),
        (b"\xc3\n", None),
        (b"a\n\xc3", None),
        (b"\xed\xa0\x80\n", None),
        (b"a\x01b\n", None),
        (b"a\0b\n", r"\n"),
    ],
)
def test_a_survey_tells_whether_duckdb_sees_the_same_lines(
    tmp_path: Path, content: bytes, line_end: str | None
) -> None:
    (tmp_path / "x").write_bytes(content)
    assert survey(tmp_path / "x").line_end == line_end


PIECES = st.sampled_from([b"", b"a", b"\xc3\xa9", b"\xff", b"\x85"])
MARKS = st.sampled_from([b"", b"\xef\xbb\xbf"])
LINE_ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(MARKS, st.lists(st.tuples(PIECES, LINE_ENDS)), PIECES, st.integers(3, 5))
def test_lines_do_not_depend_on_the_chunks_that_they_are_read_in(
    tmp_path_factory: pytest.TempPathFactory,
    mark: bytes,
    ended: list[tuple[bytes, bytes]],
    rest: bytes,
    chunk_bytes: int,
) -> None:
    path = tmp_path_factory.getbasetemp() / "chunks.csv"
    content = b"".join(map(b"".join, ended)) + rest
    path.write_bytes(mark + content)
    expected = re.split(rb"\r\n|\r|\n", content)
    with patch.object(files, "CHUNK_BYTES", chunk_bytes):
        lines = list(lines_of(path))
        found = survey(path)
    encoded = [line.encode() if isinstance(line, str) else line for line in lines]
    assert encoded == (expected if expected[-1] else expected[:-1])
    assert found.line_count == len(lines)
    assert found == survey(path)


def test_a_line_may_be_about_as_long_as_two_chunks(tmp_path: Path) -> None:
    path = tmp_path / "x"
    half = b"x" * (CHUNK_BYTES - 1)
    path.write_bytes(b"\n" + half + half + b"\nlast")
    assert [len(line) for line in lines_of(path)] == [0, 2 * CHUNK_BYTES - 2, 4]
    path.write_bytes(b"\n" + half + b"x" + half + b"\nlast")
    with pytest.raises(UserError, match="has a line of more than 1,048,576 bytes"):
        lines_of(path)


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = write(tmp_path, {"x": b"\xef\xbb\xbfa\n\xef\xbb\xbfb"}) / "x"
    assert lines_of(path) == ["a", "\ufeffb"]


def test_only_a_file_without_a_header_may_hold_latin_1(tmp_path: Path) -> None:
    path = write(tmp_path, {"x": b"\xe9\n\xc3\xa9\n"}) / "x"
    assert lines_of(path, has_header=True) == [b"\xe9", "é"]
    assert lines_of(path, has_header=False) == ["é", "é"]
