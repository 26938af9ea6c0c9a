"""Warehouses to explore, and a way to draw a page without a browser."""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from tests.pipeline import Pipeline, made_once, write_dataset
from warehouse.published import stamp

# `make test` installs Streamlit, so that these tests run there and in `.ci/run`; a bare pytest in
# an environment without it leaves them out
if find_spec("streamlit") is None:
    collect_ignore_glob = ["*"]

Explore = Callable[[Path], None]

MARKUP = [
    "<b>Bold</b> *stars* _u_ [link](http://evil.example) $x^2$ :smile: :red[x] (1999)",
    "<script>alert(1)</script> ![img](http://evil.example/a.png) (1998)",
    "# Heading `code` ~~x~~ |a|b| (2001)",
    ":material/home: a -> b <- c \\*back\\* &lt;i&gt; (2004)",
    "1. Number, The (2005)",
    "Ordinary (2008)",
]
"""Titles that would be something else than text where they are read as Markdown or HTML."""


@pytest.fixture(scope="session")
def marked(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Pipeline:
    """A warehouse without models, whose titles have markup; one movie has no rating."""

    def make(folder: Path) -> None:
        quoted = [title.replace('"', '""') for title in MARKUP]
        movies = [
            f'{number},"{title}",Drama|:smile: *War*' for number, title in enumerate(quoted, 1)
        ]
        movies.append("7,Unrated (2010),Comedy")
        ratings = [
            f"{user},{movie},{1 + (user * movie) % 5},{900000000 + 20000000 * user}"
            for user in range(1, 31)
            for movie in range(1, 7)
            if movie < 6 or user < 5
        ]
        write_dataset(folder / "data", ratings, movies)
        Pipeline(folder).make("build", DATASET=folder / "data")

    return Pipeline(made_once(tmp_path_factory, worker_id, "marked", make))


@pytest.fixture
def plain_file(tmp_path: Path) -> Path:
    """A published file with one table, and a file beside it that nobody may read."""
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema core")
        connection.execute(
            "create table core.numbers as"
            " select range as n, 'text ' || range as t from range(25000)"
        )
        stamp(connection, "w")
    (tmp_path / "secret.csv").write_text("a\nsecret\n")
    return path


@pytest.fixture
def explore(monkeypatch: pytest.MonkeyPatch) -> Explore:
    """Make a file the one that the explorer opens."""

    def choose(warehouse: Path) -> None:
        monkeypatch.setenv("REELHOUSE_WAREHOUSE", os.fspath(warehouse))

    return choose
