"""Damaged and hostile input: every line is accounted for, and texts stay texts."""

import csv
import gzip
import hashlib
import io
import random
import re
import shutil
import zipfile
from pathlib import Path
from unittest.mock import patch

import duckdb
from backports import zstd
from rich.console import Console

from ingest.datasets import PUBLISHED_MD5, dataset_folder
from ingest.load import load_folder
from models_ml.recommend.own_ratings import read_lines, resolve
from models_ml.recommend.titles import Movie
from torture.lab import BrokenError, Lab, RowsLostError, check_plain, make
from warehouse.connection import connect
from warehouse.errors import UserError

NASTY = (
    *(b'"', b'""', b"\n", b"\r", b"\r\n", b"\0", b",", b"::", b"\t"),
    *(b"\x01", b"\xff", b"\xed\xa0\x80"),
    *(b"nan", b"inf", b"-inf", b"-0.0", b"1e400", b"9223372036854775808", b"-9223372036854775809"),
    *(b"99999999999999999", b"-62135596801", b"0x10", b"=1+1", b"'; drop table raw.ratings; --"),
    *(b"[red]", b"[/]", b"<script>", "\u202e".encode(), b"\xef\xbb\xbf", b"x" * 70_000),
)

TEXTS = (
    *("'; drop table raw.movies; --", "=1+1", '=HYPERLINK("http://x","y")', "@SUM(A1)", "-1", "+1"),
    *("[red]alarm[/red]", "[/]", "[link=http://x]y[/link]", "<script>alert(1)</script>"),
    *("{{ 1/0 }}", 'a "quoted" title', "two\nlines", "a, b", "%s %d {}", "\\n"),
    *("\u202eright to left", "é\u0301"),
    *("{{ run_query('drop schema raw cascade') }}", "${HOME}", "$(touch x)", "`touch x`", "NULL"),
    "t" * 5_000,
)
"""Titles and tags that one program or another would take for more than text."""

SCALE = (0.5, 5.0)

FOLDERS = ("../up", "/abs", "a/../../up", "C:\\up", "..\\up")


def damaged_files(lab: Lab) -> None:
    """Load a dataset with some wrong bytes, plain or compressed."""
    generator = lab.generator
    folder = lab.folder / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    packed = generator.choice(["", ".gz", ".zst"])
    for name, content in _files(lab).items():
        if generator.random() < 0.7:
            content = scramble(content, generator)
        whole = _packed(content, packed)
        if packed and generator.random() < 0.3:
            whole = scramble(whole, generator)
        (folder / f"{name}{packed}").write_bytes(whole)
    _load(folder)


def damaged_archive(lab: Lab) -> None:
    """Unpack and load a release's zip with wrong bytes, or with a name that leaves its folder."""
    generator = lab.generator
    data = lab.folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(lab).items():
            archive.writestr(f"release/{name}", content)
        if generator.random() < 0.3:
            archive.writestr(generator.choice(FOLDERS), b"escaped")
    content = buffer.getvalue()
    if generator.random() < 0.7:
        content = scramble(content, generator)
    (data / "ml-100k.zip").write_bytes(content)
    before = {path.name for path in lab.folder.iterdir()}
    # Verified already, so that nothing is downloaded
    known = {"ml-100k": hashlib.md5(content, usedforsecurity=False).hexdigest()}
    try:
        with patch.dict(PUBLISHED_MD5, known):
            folder = dataset_folder("ml-100k", data, Console(quiet=True))
    except UserError:
        if left := list(data.iterdir()):
            raise BrokenError(f"a refused archive leaves {left}") from None
    else:
        _load(folder)
    if {path.name for path in lab.folder.iterdir()} != before:
        raise BrokenError("an archive wrote outside of its folder")


def damaged_own_ratings(lab: Lab) -> None:
    """Read a user's own ratings with wrong bytes, as `make recommend RATINGS=file` does."""
    movies = [Movie(number, f"Movie {number}, The (19{60 + number})", 9) for number in range(1, 31)]
    rated = [f'"{movie.title}",{movie.movie_id},{1 + movie.movie_id % 9 / 2}' for movie in movies]
    path = lab.folder / "my.csv"
    path.write_bytes(scramble("\n".join(["title,movieId,rating", *rated]).encode(), lab.generator))
    try:
        lines = read_lines(path)
        ratings = resolve(lines, movies, SCALE)
    except UserError as error:
        if str(path) not in str(error):
            raise BrokenError(f"the file is not named: {error}") from error
    except Exception as error:
        raise BrokenError(f"{type(error).__name__} for {path}: {error}") from error
    else:
        if len(ratings) != len(lines):
            raise RowsLostError(f"{len(lines)} lines, {len(ratings)} ratings of {path}")
        if any(not SCALE[0] <= rating <= SCALE[1] for rating in ratings.values()):
            raise BrokenError(f"ratings beyond the scale: {ratings}")


def scramble(content: bytes, generator: random.Random) -> bytes:
    """Replace, insert or remove bytes, or cut off the rest, at random places."""
    for _ in range(generator.randint(1, 5)):
        at = generator.randint(0, len(content))
        length = generator.choice([0, 0, 1, 2, 9, len(content)])
        new = generator.choice([*NASTY, generator.randbytes(generator.randint(1, 4))])
        content = content[:at] + new + content[at + length :]
    return content


def _files(lab: Lab) -> dict[str, bytes]:
    names = ("ratings.csv", "movies.csv")
    tags = b'userId,movieId,tag,timestamp\n1,1,fun,1000000000\n2,1,a "b" c,1000000000\n'
    return {name: (lab.folder / "a" / name).read_bytes() for name in names} | {"tags.csv": tags}


def _packed(content: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(content)
    return zstd.compress(content) if suffix else content


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    return zstd.decompress(content) if path.suffix == ".zst" else content


def _load(folder: Path) -> None:
    """Load a folder, and count its lines of ratings without the loader."""
    database = folder.with_name("input.duckdb")
    database.unlink(missing_ok=True)
    try:
        with connect(database) as connection:
            load_folder(connection, folder)
    except UserError as error:
        if "\n" in str(error):
            raise BrokenError(f"more than a sentence: {error}") from error
        return
    except Exception as error:
        raise BrokenError(f"{type(error).__name__} for {folder}: {error}") from error
    (ratings,) = folder.glob("ratings.csv*")
    lines = re.split(rb"\r\n|\r|\n", _unpacked(ratings).removeprefix(b"\xef\xbb\xbf"))
    expected = len(lines) - 1 - (lines[-1] == b"")
    with duckdb.connect(str(database), read_only=True) as connection:
        ((found, wrong),) = connection.execute(
            "select (select count(*) from raw.ratings)"
            " + (select count(*) from raw.rejected_lines where source_file like 'ratings%'),"
            " (select count(*) from raw.loads where line_count != accepted_count + rejected_count)"
        ).fetchall()
    if found != expected or wrong:
        raise RowsLostError(f"{expected} lines of ratings, {found} accounted for in {folder}")


def hostile_texts(lab: Lab) -> None:
    """Build from titles, genres and tags that look like SQL, formulas and markup."""
    folder = lab.folder / "hostile"
    shutil.rmtree(folder, ignore_errors=True)
    dataset = folder / "[red]'; drop table x; --"
    dataset.mkdir(parents=True)
    movies = {number: f"{text} (1995)" for number, text in enumerate(TEXTS, start=1)}
    _write_csv(
        dataset / "movies.csv",
        ("movieId", "title", "genres"),
        [(number, title, "[/]|'; --|Drama") for number, title in movies.items()],
    )
    _write_csv(
        dataset / "tags.csv",
        ("userId", "movieId", "tag", "timestamp"),
        [(1, number, text, 1_000_000_000) for number, text in enumerate(TEXTS, start=1)],
    )
    _write_csv(
        dataset / "ratings.csv",
        ("userId", "movieId", "rating", "timestamp"),
        [
            (user, movie, 1 + user * movie % 9 / 2, 1_000_000_000)
            for user in range(1, 9)
            for movie in movies
        ],
    )
    warehouse = folder / "w.duckdb"
    quoted = str(dataset).replace("'", "'\\''")
    lab.succeed(make("build", WAREHOUSE=warehouse, DATASET=quoted))
    check_plain(lab.succeed(make("summary", WAREHOUSE=warehouse)).output)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tags = connection.execute("select tag from raw.tags order by line_number").fetchall()
        titles = connection.execute("select movieId, title from raw.movies").fetchall()
        shown = connection.execute("select movie_id, title from core.dim_movies").fetchall()
        ((unexplained,),) = connection.execute(
            "select sum(abs(unexplained_count)) from quality.row_reconciliation"
        ).fetchall()
        genres = connection.execute(
            "select distinct genre from core.bridge_movie_genres order by genre"
        ).fetchall()
    if unexplained:
        raise RowsLostError(f"{unexplained} lines are unexplained")
    if [text for (text,) in tags] != list(TEXTS) or not dict(titles) == dict(shown) == movies:
        raise RowsLostError("a text did not come out as it went in")
    if [genre for (genre,) in genres] != sorted(["'; --", "Drama", "[/]"]):
        raise RowsLostError(f"the genres came out as {genres}")


def _write_csv(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
