"""The site in a real browser: what it draws, and what a reader does with a keyboard."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from report.sections import SECTIONS
from tests.browser import (
    browser,
    errors,
    hosts,
    needs_browser,
    screen,
    scrolls_sideways,
    show_as,
    violations,
)
from tests.pipeline import Pipeline

pytestmark = needs_browser

PICTURES = [exhibit for section in SECTIONS for exhibit in section.exhibits if exhibit.chart]


def opened(driver: Any, site: Path) -> Any:
    """Open the page and wait until all pictures are drawn."""
    from selenium.webdriver.support.ui import WebDriverWait

    driver.get((site / "index.html").as_uri())
    WebDriverWait(driver, 60).until(
        lambda driver: len(driver.find_elements("css selector", ".chart svg")) == len(PICTURES)
    )
    return driver


@pytest.fixture(scope="module")
def page(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield opened(driver, site)


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Another browser, for tests that open pages anew."""
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def texts(page: Any, selector: str) -> list[str]:
    return [
        element.get_attribute("textContent")
        for element in page.find_elements("css selector", selector)
    ]


def type_into(page: Any, selector: str, *keys: str) -> None:
    page.find_element("css selector", selector).send_keys(*keys)


def test_it_loads_without_errors_and_asks_nobody_for_anything(page: Any) -> None:
    assert errors(page) == []
    assert hosts(page) == set()


def test_the_start_page_leads_to_the_relations_and_to_the_gates(page: Any, site: Path) -> None:
    links = page.find_elements("css selector", "nav a.part")
    assert [(link.text, link.get_attribute("href")) for link in links] == [
        ("Relations and lineage", (site / "dbt/index.html").as_uri()),
        ("Gates", (site / "gates/index.html").as_uri()),
    ]


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """The address of a static host on loopback."""
    handler = partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


def test_a_static_host_serves_all_pages_and_they_ask_nobody_else(
    site: Path, address: str, another: Any
) -> None:
    gates = sorted(path.relative_to(site) for path in (site / "gates").rglob("*.html"))
    assert len(gates) > 10
    another.get("about:blank")
    errors(another)
    hosts(another)
    for path in ("index.html", "dbt/index.html", *gates):
        another.get(f"http://{address}/{path}")
        assert another.find_element("css selector", "body").text.strip(), path
        # dbt's page asks for icons by names with braces, which it never fills in
        assert [error for error in errors(another) if "%7B" not in error] == [], path
        assert hosts(another) == {address}, path


def test_lineage_ends_where_people_look(site: Path) -> None:
    text = (site / "dbt/index.html").read_text("utf-8")
    for command in ("make report", "make recommend"):
        assert f'"label": "{command}"' in text or f'"label":"{command}"' in text


def test_pictures_say_what_sql_says(page: Any, sample: Pipeline) -> None:
    counts = sample.rows("select movie_count from analytics.genre_counts")
    shown = texts(page, "#genre_counts-chart svg text")
    assert {f"{count:,}" for (count,) in counts} <= set(shown)
    titles = sample.rows("select title from analytics.movie_scores where score_rank <= 20")
    shown = texts(page, "#best_movies-chart svg text")
    assert {title for (title,) in titles} <= set(shown)


def test_a_genre_is_chosen_by_keyboard(page: Any, sample: Pipeline) -> None:
    type_into(page, "#best_of_a_genre select", "Western")
    rows = texts(page, "#best_of_a_genre-table tbody:not([hidden]) td:nth-child(2)")
    expected = sample.rows(
        "select title from analytics.top_movies_by_genre where genre = 'Western'"
        " and genre_rank <= 10 order by genre_rank"
    )
    assert rows == [title for (title,) in expected]


def test_a_picture_follows_the_choice(page: Any) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    picture = "#rating_count_density_by_genre-chart"
    before = page.find_element("css selector", f"{picture} svg").get_attribute("innerHTML")
    type_into(page, f"{picture} select", "Western")
    WebDriverWait(page, 10).until(
        lambda page: (
            page.find_element("css selector", f"{picture} svg").get_attribute("innerHTML") != before
        )
    )


def test_a_movie_is_found_by_part_of_its_title(page: Any, sample: Pipeline) -> None:
    page.find_element("css selector", "#find-text").clear()
    type_into(page, "#find-text", "GODFATHER ii")
    ((title, count),) = sample.rows(
        "select title, rating_count from analytics.most_rated_movies"
        " where title = 'Godfather: Part II, The (1974)'"
    )
    assert texts(page, "#find-table tbody tr:first-child td")[:2] == [title, f"{count:,}"]
    type_into(page, "#find-text", " nothing like this")
    assert texts(page, "#find-count") == ["0 movies"]


def test_nothing_serious_keeps_people_out(page: Any) -> None:
    assert violations(page) == []


@pytest.mark.parametrize(("width", "dark"), [(390, False), (390, True), (1280, True)])
def test_it_fits_a_phone_and_the_dark(site: Path, another: Any, width: int, dark: bool) -> None:
    another.get("about:blank")
    errors(another)
    show_as(another, width=width, dark=dark)
    page = opened(another, site)
    assert screen(page) == (width, dark)
    assert scrolls_sideways(page) == []
    assert violations(page) == []
    assert errors(page) == []
