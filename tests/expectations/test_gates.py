"""With what a candidate is compared, what is kept of a check, and the data docs."""

from pathlib import Path

import duckdb
import pytest

from expectations.gates import Gates, attach_published, store
from tests.expectations import small
from warehouse.errors import UserError
from warehouse.published import stamp


def publish(path: Path, dataset: str = "mine", *, stamped: bool = True) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(small.RAW.replace("'mine'", f"'{dataset}'") + small.MARTS)
        if stamped:
            stamp(connection, path.stem)


def test_a_candidate_of_the_same_dataset_is_compared(tmp_path: Path) -> None:
    publish(tmp_path / "w.duckdb")
    with small.warehouse(published=False) as connection:
        assert attach_published(connection, tmp_path / "w.duckdb") is None
        results = Gates().check(connection, "raw", None)
    assert {result.status for result in results} == {"pass"}


def test_another_dataset_of_the_same_file_names_is_not_compared(tmp_path: Path) -> None:
    publish(tmp_path / "w.duckdb", "yours")
    with small.warehouse(published=False) as connection:
        reason = attach_published(connection, tmp_path / "w.duckdb")
    assert reason == "another dataset is published"


def test_without_a_published_state_of_this_release_nothing_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with small.warehouse(published=False) as connection:
        assert attach_published(connection, path) == "nothing was published before"
        publish(path, stamped=False)
        reason = attach_published(connection, path)
        assert reason == "what is published cannot be read by this release"


def test_a_published_state_that_names_no_dataset_is_not_compared(tmp_path: Path) -> None:
    publish(tmp_path / "w.duckdb")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as published:
        published.execute("alter table raw.loads drop column dataset")
    with small.warehouse(published=False) as connection:
        reason = attach_published(connection, tmp_path / "w.duckdb")
    assert reason == "what is published does not say of which dataset it is"


def test_each_check_adds_its_results_and_keeps_the_earlier_ones() -> None:
    with small.warehouse() as connection:
        store(connection, Gates().check(connection, "raw", None))
        connection.execute("delete from raw.links")
        store(connection, Gates().check(connection, "raw", None))
        kept = connection.execute(
            "select status, found, examples from quality.gate_results"
            " where expectation = 'raw_rows_kept_pct' order by checked_at"
        ).fetchall()
    assert kept == [
        ("pass", "100", None),
        ("fail", "0 to 100, 1 of 4 out of range", "raw.links: 0 rows, published 1,100"),
    ]


def test_an_expectation_that_does_not_exist_cannot_be_accepted() -> None:
    with pytest.raises(UserError, match="ACCEPT=row_count: it must be one of clipped_excess, "):
        Gates(["row_count"])


def test_a_relation_that_is_missing_is_named() -> None:
    with (
        small.warehouse(small.RAW) as connection,
        pytest.raises(UserError, match=r"The marts gate finds no built warehouse: .*fct_ratings"),
    ):
        Gates().check(connection, "marts", None)


def test_data_docs_show_each_suite_and_markup_in_titles_as_text(tmp_path: Path) -> None:
    with small.warehouse() as connection:
        connection.execute(
            "update raw.movies set genres = 'New', title = '<script>alert(1)</script>$movie %s'"
            " where movieId = 3"
        )
        gates, results = Gates(), []
        for suite in ("raw", "marts"):
            results += gates.check(connection, suite, None)
        page = gates.render(tmp_path / "docs")
    assert page == tmp_path / "docs" / "index.html"
    pages = {path: path.read_text() for path in page.parent.rglob("*.html")}
    names = {path.name for path in pages}
    assert {"index.html", "raw.html", "marts.html"} <= names
    shown = [text for text in pages.values() if "New: 1 movies" in text]
    assert shown
    assert "such as <script>alert(1)</script>$movie %s" in str(results[1].examples)
    assert not any("<script>alert" in text for text in pages.values())
