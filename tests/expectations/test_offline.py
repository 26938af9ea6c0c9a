"""Data docs as they are published: nothing is lost but what other hosts would have given."""

import re
from pathlib import Path

import pytest

from expectations.gates import Gates
from tests.dbt_project.compiled import Compiled
from tests.expectations import small


@pytest.fixture(scope="module")
def docs(compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    gates = Gates()
    with small.warehouse(compiled) as connection:
        connection.execute("delete from raw.ratings where userId > 50")
        for gate in ("raw", "marts", "predictions"):
            gates.check(connection, gate)
    return gates.render(folder).parent


def test_no_page_asks_another_host_or_runs_a_script(docs: Path) -> None:
    pages = list(docs.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        text = page.read_text("utf-8")
        assert "<script" not in text
        assert not re.search(r"<(link|img|iframe|form)\b[^>]*https?://", text)
        assert "url(http" not in text


def test_the_first_page_leads_to_each_relation_and_says_how_it_ended(docs: Path) -> None:
    rows = re.findall(
        r'<a href="([^"]+)">([\w.]+)</a></td><td>(\w+)', (docs / "index.html").read_text("utf-8")
    )
    assert [name for _, name, _ in rows] == [
        *("gates.baseline_errors", "gates.list_lengths", "gates.listed_movies"),
        *("gates.mart_figures", "gates.mean_rating_shift", "gates.predicted_runs"),
        *("gates.raw_figures", "gates.shown_runs"),
    ]
    assert all((docs / address).is_file() for address, _, _ in rows)
    assert {name: result for _, name, result in rows}["gates.raw_figures"] == "failed"
    assert {name: result for _, name, result in rows}["gates.shown_runs"] == "passed"


def test_a_page_says_each_expectation_and_how_it_ended(docs: Path) -> None:
    (page,) = docs.glob("validations/**/gates.raw_figures-figures.html")
    text = re.sub(r"<[^>]+>", " ", page.read_text("utf-8"))
    assert re.search(r"failed\s+raw_rows_kept_pct: rows of a raw table", text)
    assert re.search(r"passed\s+raw_genre_movies_before: ", text)
