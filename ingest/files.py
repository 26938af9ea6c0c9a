"""Find which files of a folder are the dataset, and how each of them is written."""

import codecs
import gzip
import hashlib
import re
import textwrap
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from backports import zstd

from ingest.records import split_records
from warehouse.errors import UserError

INTEGER = "integer"
NUMBER = "number"
TEXT = "text"

COLUMNS = {
    "ratings": {"userId": INTEGER, "movieId": INTEGER, "rating": NUMBER, "timestamp": INTEGER},
    "movies": {"movieId": INTEGER, "title": TEXT, "genres": TEXT},
    "tags": {"userId": INTEGER, "movieId": INTEGER, "tag": TEXT, "timestamp": INTEGER},
    "links": {"movieId": INTEGER, "imdbId": TEXT, "tmdbId": TEXT},
}
"""The columns that each raw table takes from its file."""

OPTIONAL_COLUMNS = {"timestamp", "imdbId", "tmdbId"}

REQUIRED_TABLES = ("ratings", "movies")

ITEM_GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""The genres that the last 19 columns of MovieLens 100K's ``u.item`` flag, in order."""

ITEM_COLUMNS = ("movieId", "title", "release date", "video release date", "url", *ITEM_GENRES)

SEPARATORS = (",", ";", "\t")
"""What may divide the columns of a CSV file. Its header tells which one does."""

CHUNK_BYTES = 1 << 20

MAX_LINE_BYTES = 2 * CHUNK_BYTES
"""No line is longer, because each chunk must hold a line end."""

MAX_EXPANSION = 100
"""How many times its size a file may unpack to. Ratings reach 4, the most regular ones 70."""

ANY_EXPANSION_BYTES = 16 << 20
"""A file of any size may unpack to as much."""

DIGITS_AND_POINT = b"0123456789."

DIVIDING_BYTES = b",;:\t\r\n"
"""What else a file of plain numbers consists of: separators and line ends."""

FIRST_LINE = re.compile(rb"\A[^\r\n]*")

FIELD_MARK = "\x01"
"""The separator that DuckDB is told to expect. No line holds it, so each line is one field."""


@dataclass(frozen=True)
class Survey:
    r"""What one pass over a text file's bytes finds.

    Attributes:
        line_count: Its lines, the last one with or without its line end. A line ends with a
            line feed, a carriage return, or the two together. The count does not depend on the
            reader that loads the file, so the two can be compared.
        line_end: What ends its lines, as DuckDB names it: ``\r\n``, or ``\n`` for either of
            the two characters alone; ``None`` where DuckDB would misread the lines.
        is_numeric: Whether digits, points, separators and line ends alone are below the header.
            Of other numbers, such as 1e3 or 0x10, DuckDB reads some that are not meant.
        point_count: Points, of decimals or not.
        separator_bytes: Bytes of separators below the header, if the file is numeric.
    """

    line_count: int
    line_end: str | None
    is_numeric: bool
    point_count: int
    separator_bytes: int


@dataclass(frozen=True)
class SourceFile:
    """A file of the dataset.

    Attributes:
        table: The raw table that it fills.
        path: Where it is.
        columns: The names of its columns in their order, as :data:`COLUMNS` spells them.
        separator: What divides its columns; empty for Parquet.
        has_header: Whether its first line names the columns.
        is_quoted: Whether a field may stand in double quotes, as in CSV.
        lines_before: Lines that stand before these, where the file is the end of a longer one.
    """

    table: str
    path: Path
    columns: tuple[str, ...]
    separator: str
    has_header: bool
    is_quoted: bool
    lines_before: int = 0


def find_files(folder: Path) -> list[SourceFile]:
    """Find the files of a dataset in a folder.

    Args:
        folder: A folder that holds ``ratings`` and ``movies``, and perhaps ``tags`` and
            ``links``: CSV with a header, divided by commas, semicolons or tabs, plain or
            compressed (``.gz``, ``.zst``), Parquet, ``.dat`` as in MovieLens 1M and 10M, or
            ``u.data`` and ``u.item`` as in 100K. More files of a table have a name that goes on
            after a hyphen: ``ratings-2026-11-26.csv``.

    Returns:
        The files found, movies before ratings, and those of a table in the order of their names.

    Raises:
        UserError: A required file or column is missing, a file is empty or not readable, or
            two files differ in their endings alone.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder.")
    files = []
    for table in ("movies", "ratings", "tags", "links"):
        paths = _paths(folder, table)
        files += [_describe(table, path) for path in paths]
        if not paths and table in REQUIRED_TABLES:
            raise UserError(
                f"{folder} has no {table}: expected {table}.csv (also .gz or .zst),"
                f" {table}.parquet, {table}.dat or {'u.data' if table == 'ratings' else 'u.item'}."
            )
    return files


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading its bytes, uncompressed."""
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if path.suffix == ".zst":
        return cast(BinaryIO, zstd.open(path, "rb"))
    return path.open("rb")


def most_unpacked_bytes(byte_count: int) -> int:
    """Tell how many bytes so many may unpack to; a file with more is an attack on the disk."""
    return max(ANY_EXPANSION_BYTES, MAX_EXPANSION * byte_count)


def check_unpacked(path: Path, unpacked_bytes: int, most: int) -> None:
    """Check that a file unpacks to no more than it may.

    Raises:
        UserError: It unpacks to more.
    """
    if unpacked_bytes > most:
        raise UserError(
            f"{path} unpacks to more than {most:,} bytes, {MAX_EXPANSION} times its size or more:"
            " that is no dataset. Unpack it by hand if it is."
        )


def sha256(path: Path, byte_count: int | None = None) -> str:
    """Digest a file's bytes as they lie on disk, or the first of them, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        left = path.stat().st_size if byte_count is None else byte_count
        while chunk := file.read(min(left, CHUNK_BYTES)):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def fingerprint(path: Path) -> tuple[int, str]:
    """Tell a file's size in bytes, and its digest."""
    return path.stat().st_size, sha256(path)


def survey(path: Path, *, has_header: bool = True) -> Survey:
    """Count the lines of a text file, and see how they end and what they consist of."""
    feeds = returns = pairs = points = separators = 0
    last = b""
    is_clean = is_numeric = True
    in_header = has_header
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in _chunks(path):
        feeds += chunk.count(b"\n")
        returns += chunk.count(b"\r")
        pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
        points += chunk.count(b".")
        if is_numeric:
            lines = FIRST_LINE.sub(b"", chunk) if in_header else chunk
            in_header = in_header and not lines
            rest = lines.translate(None, DIGITS_AND_POINT)
            separators += len(rest.translate(None, b"\r\n"))
            is_numeric = not rest.translate(None, DIVIDING_BYTES)
        last = chunk[-1:]
        is_clean = is_clean and FIELD_MARK.encode() not in chunk and _can_decode(decoder, chunk)
    line_count = feeds + returns - pairs + (last not in (b"", b"\n", b"\r"))
    is_clean = is_clean and _can_decode(decoder, b"", final=True)
    # DuckDB reads a file with either pairs or single characters as line ends, but not with both
    if not is_clean or 0 < pairs < max(feeds, returns):
        line_end = None
    else:
        line_end = r"\r\n" if pairs else r"\n"
    return Survey(line_count, line_end, is_numeric, points, separators if is_numeric else 0)


def read_text_lines(file: SourceFile) -> Iterator[str | bytes]:
    """Read the lines of a text file without their line ends.

    Yields:
        A text, or the bytes of a line that is not UTF-8. In a file without a header such a line
        is read as Latin-1, the encoding of the older MovieLens releases.
    """
    for line in _lines(file.path):
        yield decoded(line, file)


def decoded(line: bytes, file: SourceFile) -> str | bytes:
    """Decode a line of a file, as :func:`read_text_lines` does."""
    text = _decoded(line)
    return text if isinstance(text, str) or file.has_header else text.decode("latin-1")


def name_pattern(table: str) -> re.Pattern[str]:
    """Write the pattern of names of a table's files; its first group says which of several."""
    old_names = {"ratings": "|u[.]data", "movies": "|u[.]item"}
    return re.compile(
        f"{table}(|-.+)[.](csv|csv[.]gz|csv[.]zst|parquet|dat){old_names.get(table, '')}"
    )


def _paths(folder: Path, table: str) -> list[Path]:
    """Find the files of a table, in the order of what their names have after the table's.

    Raises:
        UserError: Two names differ in their endings alone.
    """
    pattern = name_pattern(table)
    paths: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if (match := pattern.fullmatch(path.name)) and path.is_file():
            paths.setdefault(match[1] or "", []).append(path)
    for same in paths.values():
        if len(same) > 1:
            names = " and ".join(path.name for path in same)
            raise UserError(f"{folder} has both {names}: keep only the one that holds the {table}.")
    return [path for _, (path,) in sorted(paths.items())]


def _describe(table: str, path: Path) -> SourceFile:
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty: expected {table} in it.")
    if path.suffix == ".parquet":
        return SourceFile(table, path, (), "", False, False)
    if path.suffix == ".dat":
        return SourceFile(table, path, tuple(COLUMNS[table]), "::", False, False)
    if path.name == "u.data":
        return SourceFile(table, path, tuple(COLUMNS[table]), "\t", False, False)
    if path.name == "u.item":
        return SourceFile(table, path, ITEM_COLUMNS, "|", False, False)
    columns, separator = _header(table, path)
    check_columns(table, path, columns)
    return SourceFile(table, path, columns, separator, True, True)


def check_columns(table: str, path: Path, columns: tuple[str, ...]) -> None:
    """Check that a file names each column that its table requires, once.

    Raises:
        UserError: A column is missing, or named twice.
    """
    names = textwrap.shorten(", ".join(columns), 200, placeholder=" ...")
    found = f"{path} names the columns {names}"
    for name in COLUMNS[table]:
        if name not in columns and name not in OPTIONAL_COLUMNS:
            raise UserError(f"{found}: {name} is missing.")
        if columns.count(name) > 1:
            raise UserError(f"{found}: {name} is there twice.")


def canonical_name(table: str, name: str) -> str:
    """Spell a column's name as :data:`COLUMNS` does, whatever its case and underscores."""
    plain = name.strip().lower().replace("_", "")
    return next((column for column in COLUMNS[table] if column.lower() == plain), name.strip())


def _header(table: str, path: Path) -> tuple[tuple[str, ...], str]:
    """Read the names of a file's columns, with the separator that finds most of the table's."""
    first_line = next(_lines(path), None)
    if first_line is None:
        raise UserError(f"{path} is empty: expected {table} in it.")
    line = _decoded(first_line)
    headers = {
        separator: next(split_records([line], separator=separator, is_quoted=True))
        for separator in SEPARATORS
    }
    names = {
        separator: tuple(canonical_name(table, name) for name in header.fields)
        for separator, header in headers.items()
    }
    separator = max(SEPARATORS, key=lambda s: len(COLUMNS[table].keys() & set(names[s])))
    header = headers[separator]
    if header.error in ("invalid_utf8", "null_character"):
        raise UserError(f"{path} is not UTF-8 text: save it as CSV in UTF-8.")
    if header.error is not None:
        fault = header.error.replace("_", " ")
        raise UserError(f"{path} must begin with the names of its columns, not with: {fault}.")
    return names[separator], separator


def _decoded(line: bytes) -> str | bytes:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line


def _can_decode(decoder: codecs.IncrementalDecoder, data: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(data, final)
    except UnicodeDecodeError:
        return False
    return True


def _chunks(path: Path) -> Iterator[bytes]:
    """Read a text file's bytes, without a byte order mark."""
    most = most_unpacked_bytes(path.stat().st_size)
    byte_count = 0
    try:
        with open_bytes(path) as file:
            start = file.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
            while chunk := start + file.read(CHUNK_BYTES - len(start)):
                start = b""
                byte_count += len(chunk)
                check_unpacked(path, byte_count, most)
                if len(chunk) == CHUNK_BYTES and b"\n" not in chunk and b"\r" not in chunk:
                    raise UserError(
                        f"{path} has a line of more than {CHUNK_BYTES:,} bytes: is it text?"
                    )
                yield chunk
    except (EOFError, OSError, zlib.error, zstd.ZstdError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def _lines(path: Path) -> Iterator[bytes]:
    """Read a text file's lines without their line ends."""
    rest = b""
    for chunk in _chunks(path):
        lines = (rest + chunk).splitlines(keepends=True)
        # The last piece may go on in the next chunk, and so may a line end of two bytes
        rest = lines.pop()
        for line in lines:
            yield line.rstrip(b"\r\n")
    if rest:
        yield rest.rstrip(b"\r\n")
