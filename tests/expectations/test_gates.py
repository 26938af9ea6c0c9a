"""With what a candidate is compared, what is kept of a check, and the data docs."""

from pathlib import Path

import duckdb
import pytest

from expectations.gates import Gates, store
from tests.dbt_project.compiled import Compiled
from tests.expectations import small
from warehouse.errors import UserError


def no_comparison(connection: duckdb.DuckDBPyConnection) -> str | None:
    ((reason,),) = connection.execute("select no_comparison from gates.comparison").fetchall()
    return reason


def test_a_candidate_of_the_same_dataset_is_compared(compiled: Compiled) -> None:
    with small.warehouse(compiled) as connection:
        assert no_comparison(connection) is None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("truncate published.figures", "nothing was published before"),
        ("update published.figures set dataset = 'yours'", "another dataset is published"),
        (
            "truncate published.figures; insert into published.figures (dataset) values (null)",
            "what is published cannot be read by this release",
        ),
    ],
)
def test_any_other_is_not_and_why_is_said(compiled: Compiled, fault: str, reason: str) -> None:
    with small.warehouse(compiled) as connection:
        connection.execute(fault)
        assert no_comparison(connection) == reason
        compared = "from gates.raw_figures where published_basis_count is not null"
        assert connection.execute(compared).fetchall() == []


def test_each_check_adds_its_results_and_keeps_the_earlier_ones(compiled: Compiled) -> None:
    with small.warehouse(compiled) as connection:
        store(connection, Gates().check(connection, "raw"))
        connection.execute("delete from raw.links")
        store(connection, Gates().check(connection, "raw"))
        kept = connection.execute(
            "select status, found, examples from quality.gate_results"
            " where expectation = 'raw_rows_kept_pct' order by checked_at"
        ).fetchall()
    assert kept == [
        ("pass", "100", None),
        ("fail", "0 to 100, 1 of 4 unexpected", "raw.links: 0 rows, published 1,100"),
    ]


def test_an_expectation_that_does_not_exist_cannot_be_accepted() -> None:
    with pytest.raises(UserError, match="ACCEPT=row_count: it must be one of clipped_excess, "):
        Gates(["row_count"])


def test_a_relation_that_is_missing_is_named(compiled: Compiled) -> None:
    with small.warehouse(compiled) as connection:
        connection.execute("drop view gates.mart_figures")
        with pytest.raises(
            UserError, match=r"The marts gate finds no built warehouse: .*mart_figures"
        ):
            Gates().check(connection, "marts")


def test_before_training_nothing_is_judged(compiled: Compiled) -> None:
    with small.warehouse(compiled) as connection:
        connection.execute("drop schema predictions cascade")
        for relation in Gates()._gates["predictions"]:
            connection.execute(f"drop view {relation}")
        results = Gates().check(connection, "predictions")
        assert {result.status for result in results} == {"not applicable"}
        assert results[0].found == (
            "nothing to judge: it applies once a model was trained on these data"
        )


def test_data_docs_show_each_suite_and_markup_in_titles_as_text(
    compiled: Compiled, tmp_path: Path
) -> None:
    with small.warehouse(compiled) as connection:
        connection.execute(
            "update raw.movies set genres = 'New', title = '<script>alert(1)</script>$movie %s'"
            " where movieId = 3"
        )
        gates, results = Gates(), []
        for suite in ("raw", "marts"):
            results += gates.check(connection, suite)
        page = gates.render(tmp_path / "docs")
    assert page == tmp_path / "docs" / "index.html"
    pages = {path: path.read_text() for path in page.parent.rglob("*.html")}
    names = {path.name for path in pages}
    assert {"index.html", "raw_figures.html", "mart_figures.html"} <= names
    shown = [text for text in pages.values() if "&lt;script&gt;" in text]
    assert shown
    assert "such as <script>alert(1)</script>$movie %s" in str(results[1].examples)
    assert not any("<script>alert" in text for text in pages.values())
