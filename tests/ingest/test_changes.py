"""Loading what is new alone gives what a load of everything gives, and notes what changes."""

import functools
import gzip
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.changes import load_changes
from ingest.load import load_folder
from warehouse.tables import source_columns

HEADERS = {"ratings": "userId,movieId,rating,timestamp", "movies": "movieId,title,genres"}

LINES = {
    "ratings": [
        "1,1,4.0,1000000000",
        "1,1,4.5,1000000001",
        "1,2,0.5,1000000002",
        "2,1,3.0,",
        "2,3,3.0,1000000003",
        "3,3,9,1000000004",
        "3,4,5.0,99999999999",
        "no number,1,2,3",
        '"4","1","2.5","1000000005"',
    ],
    "movies": ["1,Heat (1995),Crime", "2,Alien (1979),Horror", "3,Big (1988),", "x,None,None"],
}

NAMES = {
    "ratings": ["ratings.csv", "ratings-2.csv", "ratings-3.csv.gz"],
    "movies": ["movies.csv", "movies-2.csv"],
}

Folders = dict[str, list[str]]


@pytest.fixture(scope="module", autouse=True)
def definitions_read_once() -> Iterator[None]:
    with patch("warehouse.tables.source_columns", functools.cache(source_columns)):
        yield


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture(autouse=True)
def any_change_is_small() -> Iterator[None]:
    with patch("ingest.changes.MOST_CHANGED_BYTES", float("inf")):
        yield


def write(folder: Path, files: Folders) -> None:
    """Make the folder hold these files, each of a header and lines, and no others."""
    for path in folder.iterdir():
        path.unlink()
    for name, lines in files.items():
        text = "\n".join([HEADERS[name.split(".")[0].split("-")[0]], *lines, ""]).encode()
        (folder / name).write_bytes(gzip.compress(text, mtime=0) if name.endswith("gz") else text)


def tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple]]:
    """The raw tables, but for when their files were loaded."""
    columns = dict.fromkeys(("ratings", "movies", "tags", "links", "rejected_lines"), "*")
    columns["loads"] = "* exclude loaded_at"
    return {
        table: connection.execute(f"select {names} from raw.{table} order by all").fetchall()
        for table, names in columns.items()
    }


def loaded_whole(folder: Path) -> dict[str, list[tuple]]:
    with duckdb.connect() as connection:
        load_folder(connection, folder)
        return tables(connection)


def changed(connection: duckdb.DuckDBPyConnection) -> set[tuple]:
    return set(connection.execute("from raw.changed_ratings").fetchall())


def by_pair(raw: dict[str, list[tuple]]) -> dict[tuple, list[tuple]]:
    """The ratings of each user and movie, with whether the movie is there."""
    movies = {movie for movie, *_ in raw["movies"]}
    pairs: dict[tuple, list[tuple]] = {}
    for user, movie, *rest in raw["ratings"]:
        pairs.setdefault((user, movie), []).append((movie in movies, *rest))
    return pairs


@st.composite
def folders(draw: st.DrawFn) -> Folders:
    def lines(table: str) -> list[str]:
        return draw(st.lists(st.sampled_from(LINES[table]), min_size=1, max_size=5))

    more = draw(st.sets(st.sampled_from(NAMES["ratings"][1:] + NAMES["movies"][1:])))
    names = {"ratings.csv", "movies.csv"} | more
    return {name: lines(name.split(".")[0].split("-")[0]) for name in sorted(names)}


@settings(max_examples=10, deadline=None)
@given(st.lists(folders(), min_size=2, max_size=4), st.booleans())
def test_changes_lead_to_what_a_load_of_everything_gives(
    states: list[Folders], grows: bool
) -> None:
    with TemporaryDirectory() as temporary, duckdb.connect() as connection:
        folder = Path(temporary) / "dataset"
        folder.mkdir()
        before: dict[str, list[tuple]] = {}
        for files in states:
            if before and grows:
                files = files | {"ratings.csv": [*states[0]["ratings.csv"], *files["ratings.csv"]]}
            write(folder, files)
            if before:
                connection.execute("truncate raw.changed_ratings")
            load_changes(connection, folder)
            after = tables(connection)
            assert after == loaded_whole(folder)
            if before:
                old, new = by_pair(before), by_pair(after)
                differing = {pair for pair in old | new if old.get(pair) != new.get(pair)}
                assert differing <= changed(connection)
            before = after


def test_only_what_is_new_is_read(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    read: list[str | Path] = []
    files = {"movies.csv": LINES["movies"][:2], "ratings.csv": LINES["ratings"][:2]}
    write(tmp_path, files)
    assert len(load_changes(connection, tmp_path) or []) == 2
    assert load_changes(connection, tmp_path, progress=read.append) is None
    files |= {"ratings-2026-11-26.csv": ["7,2,3.0,1100000000"]}
    write(tmp_path, files)
    (load,) = load_changes(connection, tmp_path, progress=read.append) or []
    assert read == [tmp_path / "ratings-2026-11-26.csv"]
    assert (load.line_count, changed(connection)) == (1, {(7, 2)})


def test_a_file_that_grows_is_read_from_its_old_end_on(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files = {"movies.csv": LINES["movies"][:2], "ratings.csv": LINES["ratings"][:3]}
    write(tmp_path, files)
    load_changes(connection, tmp_path)
    files["ratings.csv"] += ["5,2,x,1", "5,2,3.0,1100000000"]
    write(tmp_path, files)
    (load,) = load_changes(connection, tmp_path) or []
    assert (load.line_count, load.accepted_count, load.rejected_count) == (2, 1, 1)
    assert load.file.path == tmp_path / "ratings.csv"
    assert changed(connection) == {(5, 2)}
    numbers = connection.execute("select line_number from raw.ratings order by 1").fetchall()
    assert [number for (number,) in numbers] == [2, 3, 4, 6]


def test_a_line_that_goes_on_is_not_the_old_one(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Without a line end, what is added belongs to the last line."""
    write(tmp_path, {"movies.csv": LINES["movies"][:2], "ratings.csv": ["1,1,4.0,1"]})
    path = tmp_path / "ratings.csv"
    path.write_bytes(path.read_bytes().rstrip())
    load_changes(connection, tmp_path)
    path.write_bytes(path.read_bytes() + b"234\n1,2,3.0,5\n")
    load_changes(connection, tmp_path)
    assert tables(connection) == loaded_whole(tmp_path)
    assert (1, 1) in changed(connection)


def test_a_rating_after_the_load_is_judged_again_at_the_next(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    tomorrow = int(datetime.now().timestamp()) + 86_400
    files = {"movies.csv": LINES["movies"][:2], "ratings.csv": [f"1,1,4.0,{tomorrow}", "1,2,4.0,5"]}
    write(tmp_path, files)
    load_changes(connection, tmp_path)
    write(tmp_path, files | {"ratings-2.csv": ["9,1,3.0,5"]})
    load_changes(connection, tmp_path)
    assert changed(connection) == {(1, 1), (9, 1)}


def test_ratings_of_a_movie_that_comes_or_goes_are_judged_again(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files = {
        "movies.csv": LINES["movies"][:2],
        "ratings.csv": ["1,1,4.0,5", "1,2,4.0,5", "1,3,4.0,5"],
    }
    write(tmp_path, files)
    load_changes(connection, tmp_path)
    write(tmp_path, files | {"movies.csv": [LINES["movies"][0], LINES["movies"][2]]})
    load_changes(connection, tmp_path)
    assert changed(connection) == {(1, 2), (1, 3)}


def test_a_removed_file_takes_its_ratings_with_it(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files = {"movies.csv": LINES["movies"][:2], "ratings.csv": ["1,1,4.0,5"]}
    write(tmp_path, files | {"ratings-2.csv": ["2,2,4.0,5", "broken"]})
    load_changes(connection, tmp_path)
    write(tmp_path, files)
    assert load_changes(connection, tmp_path) == []
    assert tables(connection) == loaded_whole(tmp_path)
    assert changed(connection) == {(2, 2)}


@pytest.mark.parametrize("limit", [None, 2])
def test_many_changes_or_a_limit_load_everything(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, limit: int | None
) -> None:
    """What was built from the lines before goes, so that a build makes it anew."""
    files = {"movies.csv": LINES["movies"][:2], "ratings.csv": ["1,1,4.0,5"]}
    write(tmp_path, files)
    load_changes(connection, tmp_path, limit)
    connection.execute("create schema core; create table core.fct_ratings as select 1 as x")
    connection.execute("create schema predictions")
    write(tmp_path, files | {"ratings-2.csv": ["2,2,4.0,5"] * 9})
    with patch("ingest.changes.MOST_CHANGED_BYTES", 0.2):
        assert len(load_changes(connection, tmp_path, limit) or []) == (2 if limit == 1 else 3)
    schemas = {
        name
        for (name,) in connection.execute("select schema_name from duckdb_schemas()").fetchall()
    }
    assert "core" not in schemas
    assert "predictions" in schemas
    assert not changed(connection)


def test_another_dataset_leaves_nothing_of_the_one_before(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        write(folder, {"movies.csv": LINES["movies"][:2], "ratings.csv": ["1,1,4.0,5"]})
    load_changes(connection, tmp_path / "a")
    connection.execute("create schema predictions; create table predictions.x as select 1 as x")
    assert len(load_changes(connection, tmp_path / "b") or []) == 2
    assert tables(connection) == loaded_whole(tmp_path / "b")
    assert not connection.execute(
        "from duckdb_tables() where schema_name = 'predictions'"
    ).fetchall()
