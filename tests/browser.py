"""Debian's Chromium, driven by Selenium: what a page asks for, prints and shows."""

import importlib.util
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="no chromium and chromedriver here: apt-get install chromium chromium-driver",
)

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars"),
)


@contextmanager
def browser(profile: Path) -> Iterator[Any]:
    """Start a browser with an empty profile, and end it with the block."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (*FLAGS, "--window-size=1280,1000", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(DRIVER))
    try:
        show_as(driver)
        yield driver
    finally:
        driver.quit()


def show_as(driver: Any, *, width: int = 1280, dark: bool = False) -> None:
    """Make the screen as wide as that of some device, light or dark, for what is opened next."""
    # A window is never narrower than 500; a phone is
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})


def screen(driver: Any) -> tuple[int, bool]:
    """Tell how wide a page is shown, and whether in the dark."""
    width, dark = driver.execute_script(
        "return [document.documentElement.clientWidth,"
        " matchMedia('(prefers-color-scheme: dark)').matches]"
    )
    return width, dark


def errors(driver: Any) -> list[str]:
    """Read what the console has of errors."""
    return [line["message"] for line in driver.get_log("browser") if line["level"] == "SEVERE"]


def hosts(driver: Any) -> set[str]:
    """Name each host that the page asked for something."""
    events = [json.loads(line["message"])["message"] for line in driver.get_log("performance")]
    addresses = [
        urlsplit(event["params"]["request"]["url"])
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    # The browser's own pages have schemes of their own
    return {address.netloc for address in addresses if address.scheme in ("http", "https", "ws")}


def violations(driver: Any) -> list[str]:
    """Check accessibility with axe, and name each serious finding and where it is."""
    package = importlib.util.find_spec("axe_core_python")
    assert package and package.submodule_search_locations
    script = Path(package.submodule_search_locations[0]) / "axe.min.js"
    driver.execute_script(script.read_text("utf-8"))
    driver.set_script_timeout(60)
    found = driver.execute_async_script(
        "axe.run({resultTypes: ['violations']}).then(arguments[arguments.length - 1])"
    )
    return [
        f"{finding['id']}: {node['html']}"
        for finding in found["violations"]
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]


def scrolls_sideways(driver: Any) -> list[str]:
    """Name the elements that reach beyond the right end of the screen."""
    found: list[str] = driver.execute_script(
        "return [...document.querySelectorAll('body *')]"
        ".filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1"
        " && !e.closest('svg') && e.getBoundingClientRect().width)"
        ".map((e) => e.outerHTML.slice(0, 120))"
    )
    return found
