"""The explorer in a real browser: five pages, by keyboard, with nobody else asked for anything."""

import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

import pytest

from explorer.text import shown_title
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
from tests.pipeline import ROOT, Pipeline

pytest.importorskip("streamlit", reason="no streamlit here: make test installs it")

pytestmark = needs_browser

PAGES = ("", "user", "rate", "models", "sql")
"""The addresses of the pages; that of movies is the first."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def address(sample: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an explorer of the sample."""
    port = free_port()
    log = (tmp_path_factory.mktemp("explorer") / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "explorer", "--port", str(port), "--headless"],
        cwd=ROOT,
        env=sample.environment | {"REELHOUSE_WAREHOUSE": str(sample.warehouse)},
        stdout=log,
        stderr=log,
    )
    try:
        end = monotonic() + 60
        while monotonic() < end:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
                break
            assert process.poll() is None, "the explorer ended"
            sleep(0.2)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def only_driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def driver(only_driver: Any) -> Any:
    """The browser as wide and as light as it begins, whatever the test before has left."""
    show_as(only_driver)
    return only_driver


def wait(driver: Any, condition: Any) -> Any:
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait

    ignored = [StaleElementReferenceException]
    return WebDriverWait(driver, 60, ignored_exceptions=ignored).until(condition)


def opened(driver: Any, address: str, page: str) -> Any:
    """Open a page and wait until it is drawn to its end."""
    driver.get(f"http://{address}/{page}")
    drawn(driver)
    return driver


def drawn(driver: Any) -> None:
    """Wait until the page is drawn to its end, and has no key left to answer."""
    idle = "[data-testid=stApp][data-test-script-state=notRunning] h1"
    wait(driver, lambda driver: driver.find_elements("css selector", idle))


def says(driver: Any, *expected: str) -> None:
    """Wait until the page has each of some texts: it is drawn part by part."""
    from selenium.common.exceptions import TimeoutException

    def missing(driver: Any) -> list[str]:
        shown = driver.find_element("css selector", "body").text
        return [text for text in expected if text not in shown]

    try:
        wait(driver, lambda driver: not missing(driver))
    except TimeoutException:
        shown = driver.find_element("css selector", "body").text
        raise AssertionError(f"the page does not say {missing(driver)}, but: {shown}") from None


def focus(driver: Any, label: str) -> Any:
    """Reach the field with a label by the keyboard alone, and return it."""
    from selenium.webdriver import ActionChains, Keys

    for _ in range(60):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        field = driver.switch_to.active_element
        if field.get_attribute("aria-label") == label:
            return field
    raise AssertionError(f"the keyboard does not reach {label}")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_without_errors_asks_nobody_else_and_keeps_nobody_out(
    driver: Any, address: str, page: str
) -> None:
    errors(driver)
    hosts(driver)
    opened(driver, address, page)
    # Streamlit's client looks for its server below the address of a page, before it looks at /
    assert [error for error in errors(driver) if "/_stcore/" not in error] == []
    assert hosts(driver) == {address}
    assert violations(driver) == []
    assert scrolls_sideways(driver) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_keeps_nobody_out_on_a_phone_in_the_dark(
    driver: Any, address: str, page: str
) -> None:
    show_as(driver, width=390, dark=True)
    opened(driver, address, page)
    assert screen(driver) == (390, True)
    assert violations(driver) == []
    assert scrolls_sideways(driver) == []


def test_a_movie_is_found_by_keyboard_though_it_is_mistyped(
    driver: Any, address: str, sample: Pipeline
) -> None:
    from selenium.webdriver import Keys

    opened(driver, address, "")
    focus(driver, "Find a movie").send_keys("pulp ficton", Keys.ENTER)
    wait(driver, lambda driver: "Pulp Fiction (1994)" in texts(driver, "h1"))
    ((score, rank),) = sample.rows(
        "select weighted_score, score_rank from analytics.movie_scores"
        " where title = 'Pulp Fiction (1994)'"
    )
    says(driver, f"{score:.3f}", str(rank))
    similar = sample.rows(
        "select similar_title from predictions.similar_movies"
        " where title = 'Pulp Fiction (1994)' and rank <= 3"
    )
    says(driver, *(shown_title(title, 0) for (title,) in similar))


def texts(driver: Any, selector: str) -> list[str]:
    return [element.text for element in driver.find_elements("css selector", selector)]


def test_a_dozen_movies_are_rated_by_keyboard_and_a_list_appears(
    driver: Any, address: str, sample: Pipeline
) -> None:
    from selenium.webdriver import ActionChains, Keys

    opened(driver, address, "rate")
    says(driver, "Rate a movie, and a list appears here.")
    groups = "[data-testid=stButtonGroup]"
    for number in range(12):
        # The page is drawn anew after each rating, the list's first line before its last
        drawn(driver)
        wait(driver, lambda driver, n=number: len(driver.find_elements("css selector", groups)) > n)
        group = driver.find_elements("css selector", groups)[number]
        button = group.find_elements("css selector", "button")[-1]
        driver.execute_script("arguments[0].focus()", button)
        assert driver.switch_to.active_element == button
        ActionChains(driver).send_keys(Keys.SPACE).perform()
        wait(driver, lambda driver, button=button: button.get_attribute("aria-checked") == "true")
        says(driver, f"From {number + 1} rating{'s' if number else ''}, ")
    says(driver, "Forget my ratings")
    start_list = sample.rows("select title from analytics.start_list order by rank limit 12")
    rated = {shown_title(title, 0) for (title,) in start_list}
    listed = texts(driver, "[data-testid=stMarkdown] ol li strong:first-child")
    assert len([title for title in listed if re.search(r"\(\d{4}\)$", title)]) >= 10
    assert not rated & set(listed)


def test_the_sql_box_answers_by_keyboard(driver: Any, address: str) -> None:
    from selenium.webdriver import Keys

    opened(driver, address, "sql")
    box = focus(driver, "Your query")
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys("select genre, movie_count from analytics.genre_counts limit 7")
    box.send_keys(Keys.CONTROL, Keys.ENTER)
    says(driver, "7 rows.", "Download as CSV")
    box = driver.find_element("css selector", "textarea")
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys("select * from read_csv('/etc/passwd')")
    box.send_keys(Keys.CONTROL, Keys.ENTER)
    says(driver, "read_csv is not to be had here")
