"""The app opens what is published now, and says what stands in its way."""

import shutil
from pathlib import Path

import duckdb
from streamlit.testing.v1 import AppTest

from explorer.app import ICON
from tests.explorer.conftest import Explore
from tests.pipeline import ROOT, Pipeline

APP = str(ROOT / "explorer" / "app.py")

WAIT = 60
"""Seconds that a page may take on a machine with other work to do."""


def open_app(warehouse: Path, explore: Explore) -> AppTest:
    explore(warehouse)
    return AppTest.from_file(APP, default_timeout=WAIT).run()


def test_the_first_page_shows_the_state_and_the_best_movie(
    sample: Pipeline, explore: Explore
) -> None:
    app = open_app(sample.warehouse, explore)

    assert not app.exception
    assert app.markdown[0].value.startswith(":small[100,004 ratings of 9,066 movies by 671 users")
    ((title,),) = sample.rows("select title from analytics.movie_scores where score_rank = 1")
    assert title == "Shawshank Redemption, The (1994)"
    assert app.title[0].value == "The Shawshank Redemption (1994)"


def test_a_missing_or_foreign_warehouse_is_said(tmp_path: Path, explore: Explore) -> None:
    app = open_app(tmp_path / "none.duckdb", explore)
    assert "There is no warehouse at" in app.error[0].value
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    app = open_app(other, explore)
    assert "was published by another release" in app.error[0].value
    assert not app.exception


def test_relations_that_are_missing_are_said(plain_file: Path, explore: Explore) -> None:
    app = open_app(plain_file, explore)
    assert "was built by another release" in app.error[0].value
    assert not app.exception


def test_a_new_warehouse_is_shown_once_it_is_published(
    sample: Pipeline, marked: Pipeline, tmp_path: Path, explore: Explore
) -> None:
    """The published file is replaced by a rename while the app is open."""
    published, new = tmp_path / "w.duckdb", tmp_path / "new.duckdb"
    shutil.copy(marked.warehouse, published)
    app = open_app(published, explore)
    assert app.markdown[0].value.startswith(":small[154 ratings of 7 movies")
    assert "no models trained" in app.markdown[0].value

    shutil.copy(sample.warehouse, new)
    new.replace(published)
    app.run()
    assert app.markdown[0].value.startswith(":small[100,004 ratings")
    assert app.title[0].value == "The Shawshank Redemption (1994)"


def test_the_icon_is_a_file_of_its_own() -> None:
    """Streamlit loads its own icons from another machine."""
    assert ICON.read_text().startswith("<svg")
