"""The report says what SQL says, in one file that asks nobody for anything."""

import base64
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from report.exhibits import Exhibit, read
from report.page import USER, breakable, code, main, write_report
from report.queries import QUERIES
from report.sections import SECTIONS
from tests.pipeline import Pipeline
from warehouse.published import read_published

EXHIBITS = [exhibit for section in SECTIONS for exhibit in section.exhibits]
PICTURES = [exhibit for exhibit in EXHIBITS if exhibit.chart]
TABLES = [exhibit for exhibit in EXHIBITS if not exhibit.chart]


def named(exhibits: list[Exhibit]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("exhibit", exhibits, ids=lambda exhibit: exhibit.name)


class Page(HTMLParser):
    """What a page has: its elements, and the text of each by its id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self._inside = ""
        self._table: list[list[str]] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.elements.append((tag, values))
        self._inside = tag
        if tag == "script":
            self._script = values.get("data-chart") or values.get("id") or ""
        elif tag == "a" and "download" in values:
            self.links[values["download"] or ""] = values["href"] or ""
        elif tag == "table":
            self._table = self.tables.setdefault(values["id"] or "", [])
        elif tag == "tr" and self._table is not None:
            self._table.append([])
        elif tag in ("td", "th") and self._table is not None:
            self._table[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = None
        elif tag in ("td", "th"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        elif self._table and self._table[-1] and self._inside in ("td", "th", "wbr"):
            self._table[-1][-1] += data


@pytest.fixture(scope="module")
def text(site: Path) -> str:
    return (site / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


@pytest.fixture(scope="module")
def connection(sample: Pipeline) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_published(sample.warehouse) as connection:
        yield connection


@named(EXHIBITS)
def test_an_exhibit_has_rows_of_the_relation_that_it_names(
    connection: duckdb.DuckDBPyConnection, exhibit: Exhibit
) -> None:
    assert f"from {exhibit.relation}" in exhibit.query
    assert len(read(connection, exhibit, USER))


@named(EXHIBITS)
def test_its_numbers_are_those_of_the_query(
    page: Page, site: Path, connection: duckdb.DuckDBPyConnection, exhibit: Exhibit
) -> None:
    expected = read(connection, exhibit, USER).to_csv(index=False)
    kind, _, encoded = page.links[f"{exhibit.name}.csv"].partition(",")
    assert kind == "data:text/csv;base64"
    assert base64.b64decode(encoded).decode() == expected
    assert (site / "figures" / f"{exhibit.name}.csv").read_text("utf-8") == expected


@named(PICTURES)
def test_a_picture_draws_the_rows_of_the_query(
    page: Page, connection: duckdb.DuckDBPyConnection, exhibit: Exhibit
) -> None:
    specification = json.loads(page.scripts[f"{exhibit.name}-chart"])
    rows = read(connection, exhibit, USER)
    expected = json.loads(rows.to_json(orient="records", double_precision=15))
    drawn = [
        {name: row[name] for name in expected[0]}
        for rows in specification["datasets"].values()
        for row in rows
        if expected[0].keys() <= row.keys()
    ]
    assert len(drawn) == len(expected)
    for row in expected:
        assert any(_close(row, other) for other in drawn)
    assert specification["description"] == f"{exhibit.heading}. {exhibit.note}"


def _close(wanted: dict, other: dict) -> bool:
    return all(
        other[name] == value or (isinstance(value, float) and other[name] == pytest.approx(value))
        for name, value in wanted.items()
    )


@named(PICTURES)
def test_a_picture_lies_beside_the_page_as_svg_and_png(site: Path, exhibit: Exhibit) -> None:
    svg = (site / "figures" / f"{exhibit.name}.svg").read_text("utf-8")
    png = (site / "figures" / f"{exhibit.name}.png").read_bytes()
    assert svg.startswith("<svg") and svg.count("<path") + svg.count("<text") > 5
    assert png.startswith(b"\x89PNG") and len(png) > 5_000


@named(TABLES)
def test_a_table_shows_the_rows_of_the_query(
    page: Page, connection: duckdb.DuckDBPyConnection, exhibit: Exhibit
) -> None:
    heading, *shown = page.tables[f"{exhibit.name}-table"]
    assert heading == [column.label for column in exhibit.columns.values()]
    rows = read(connection, exhibit, USER)
    if exhibit.pick:
        groups = [rows[rows[exhibit.pick] == pick] for pick in dict.fromkeys(rows[exhibit.pick])]
        rows = pd.concat(groups)
    assert len(shown) == len(rows)
    for cells, row in zip(shown, rows.to_dict("records"), strict=True):
        for cell, (name, column) in zip(cells, exhibit.columns.items(), strict=True):
            if isinstance(row[name], float) and column.format:
                places = int(re.sub(r"\D", "", column.format) or 0)
                assert float(cell.replace(",", "")) == pytest.approx(
                    row[name], abs=0.5 * 10**-places + 1e-9
                )
            else:
                assert cell.replace(",", "") == str(row[name]).replace(",", "")


def test_each_figure_and_table_of_the_reference_analysis_has_its_place(text: str) -> None:
    references = [exhibit.reference for exhibit in EXHIBITS if exhibit.reference]
    assert sorted(references) == sorted(
        [f"Figure {number}" for number in range(1, 8)] + [f"Table {n}" for n in range(1, 15)]
    )
    for exhibit in EXHIBITS:
        if exhibit.reference:
            link = f'<a href="#{exhibit.name}">{exhibit.reference}: {exhibit.heading}</a>'
            assert link.replace("'", "&#39;") in text


def test_the_page_names_no_other_file_or_machine(page: Page) -> None:
    for _, values in page.elements:
        for name in ("src", "href", "action", "data"):
            value = values.get(name) or ""
            beside = ("#", "data:", "dbt/", "gates/")
            assert not value or value.startswith(beside), value


def test_identifiers_are_unique_and_what_is_named_is_there(page: Page) -> None:
    names = [values["id"] for _, values in page.elements if "id" in values]
    assert len(names) == len(set(names))
    for _, values in page.elements:
        link = values.get("href") or ""
        for target in (values.get("aria-labelledby"), link[1:] if link.startswith("#") else None):
            assert not target or target in names, target


def test_the_sizes_are_those_of_the_summary(
    text: str, connection: duckdb.DuckDBPyConnection
) -> None:
    ((ratings, users, mean),) = connection.execute(
        "select rating_count, user_count, mean_rating from analytics.dataset_summary"
    ).fetchall()
    for size in (f"{ratings:,}", f"{users:,}", f"{mean:.3f}"):
        assert f"<dd>{size}</dd>" in text


def test_movies_can_be_looked_for(page: Page, connection: duckdb.DuckDBPyConnection) -> None:
    movies = json.loads(page.scripts["find-movies"])
    assert len(movies) == 2_000
    for title, popularity, count, *_ in movies[:50]:
        found = "select popularity_rank, rating_count from analytics.most_rated_movies"
        rows = connection.execute(f"{found} where title = ?", [title]).fetchall()
        assert (popularity, count) in rows


def test_it_stays_small(text: str) -> None:
    assert len(text.encode()) < 5_000_000


@pytest.mark.parametrize(("question", "query"), QUERIES)
def test_a_query_to_copy_runs(
    connection: duckdb.DuckDBPyConnection, text: str, question: str, query: str
) -> None:
    connection.execute(query).fetchall()
    assert question in text


def test_before_training_it_shows_what_there_is_and_says_what_is_missing(
    beginning: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = tmp_path / "figures"
    figures.mkdir()
    for name in ("segment_map.csv", "segment_map.png", "mine.txt"):
        (figures / name).write_text("of an earlier report, or somebody's own")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(beginning.warehouse))
    assert main(["--site", str(tmp_path)]) == 0
    assert capsys.readouterr().out == (
        f"The report is in {tmp_path}/index.html: open it in a browser.\n"
    )
    text = (tmp_path / "index.html").read_text("utf-8")
    assert text.count("<code>make train</code> fits them.") == 3
    assert "How often each rating is given" in text
    assert 'id="segment_map"' not in text
    assert not list(figures.glob("segment_map.*"))
    assert (figures / "mine.txt").exists()


@pytest.fixture(scope="module")
def marked(beginning: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a warehouse in which titles and genres have markup."""
    folder = tmp_path_factory.mktemp("marked")
    (folder / "w.duckdb").write_bytes(beginning.warehouse.read_bytes())
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        for relation in ("movie_scores", "top_movies_by_genre", "most_rated_movies"):
            connection.execute(
                f"update analytics.{relation} set title = '</script><script>alert(1)</script>'"
            )
        connection.execute("update analytics.genre_counts set genre = '<b>' || genre")
    with read_published(folder / "w.duckdb") as connection:
        return write_report(connection, folder / "site").read_text("utf-8")


def test_markup_in_titles_is_text(marked: str) -> None:
    assert "<script>alert" not in marked
    assert "<b>" not in marked
    page = Page(marked)
    assert page.tables["top_ten-table"][1][1] == "</script><script>alert(1)</script>"
    assert json.loads(page.scripts["find-movies"])[0][0] == "</script><script>alert(1)</script>"
    assert "</script>" in page.scripts["best_movies-chart"].replace("\\u003c", "<").replace(
        "\\u003e", ">"
    )


def test_a_report_without_a_warehouse_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(tmp_path / "none.duckdb"))
    assert main(["--site", str(tmp_path)]) == 1
    assert "`make build` makes one" in capsys.readouterr().err
    assert not (tmp_path / "index.html").exists()


def test_a_warehouse_of_another_release_is_said_to_be_one(
    beginning: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "w.duckdb").write_bytes(beginning.warehouse.read_bytes())
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("drop table analytics.rating_years")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(tmp_path / "w.duckdb"))
    assert main(["--site", str(tmp_path / "site")]) == 1
    said = capsys.readouterr().err
    assert "was built by another release: `make build` builds it again." in said
    assert "rating_years" in said
    assert not (tmp_path / "site" / "index.html").exists()


def test_text_is_escaped_before_it_is_marked_up() -> None:
    assert breakable("a_b|<i>") == "a_<wbr>b|<wbr>&lt;i&gt;"
    assert code("run `a < b`") == "run <code>a &lt; b</code>"


def test_numbers_of_a_column_are_read_back_from_the_file(site: Path) -> None:
    rows = pd.read_csv(io.StringIO((site / "figures/rating_distribution.csv").read_text()))
    assert rows["rating_pct"].sum() == pytest.approx(100)
