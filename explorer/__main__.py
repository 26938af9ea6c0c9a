"""Open the explorer: ``python -m explorer``."""

import argparse
import os
import sys
from pathlib import Path

from warehouse.errors import UserError, tells_errors
from warehouse.published import read_published
from warehouse.settings import read_settings

APP = Path(__file__).with_name("app.py")

HOST = "127.0.0.1"

OPTIONS: dict[str, str | list[str]] = {
    # Nobody else on the network sees the app, and no page of another site can speak to it
    "server.address": HOST,
    "server.allowedHosts": HOST,
    "server.enableCORS": "true",
    "server.enableXsrfProtection": "true",
    "server.enableStaticServing": "false",
    # Nothing is sent to anybody, and nobody is asked for an address
    "browser.gatherUsageStats": "false",
    "browser.serverAddress": HOST,
    "server.showEmailPrompt": "false",
    "client.showErrorLinks": "false",
    # The menu holds the theme alone: nothing to deploy, and no code to look at
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    # Not in the part of both themes, which would end their following the system
    **{
        f"theme.{theme}.{name}": value
        for theme in ("light", "dark")
        for name, value in (("headingFontSizes", ["2.25rem", "1.6rem"]), ("paddingTop", "1rem"))
    },
    "server.fileWatcherType": "none",
    "runner.magicEnabled": "false",
}
"""Options of Streamlit. Given on its command line, they hold whatever its files say."""


def command(port: int | None, headless: bool | None) -> list[str]:
    """Write the command line that starts the app.

    Args:
        port: The port; ``None`` for 8501 or, where that is taken, the next free one.
        headless: Whether no browser is opened; ``None`` to open one where there is a display.
    """
    options: dict[str, str | list[str]] = dict(OPTIONS)
    if port is not None:
        options["server.port"] = str(port)
    if headless is not None:
        options["server.headless"] = str(headless).lower()
    named = [
        f"--{name}={value}"
        for name, values in options.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return [sys.executable, "-m", "streamlit", "run", str(APP), *named]


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1024 <= int(text) <= 65535):
        raise UserError(f"PORT={text}: it must be a whole number from 1024 to 65535.")
    return int(text)


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Start the app in the place of this process; return only where that is not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m explorer",
        description="Open the published warehouse in a browser on this machine.",
    )
    parser.add_argument("--port", type=_port, help="the port to listen on")
    parser.add_argument(
        "--headless", action=argparse.BooleanOptionalAction, help="open no browser, or do"
    )
    options = parser.parse_args(arguments)
    with read_published(read_settings().warehouse):
        pass  # What is wrong with the file is said here, not in the browser
    line = command(options.port, options.headless)
    os.execve(line[0], line, os.environ | {"PYTHONPATH": str(APP.parents[1])})
    return 1


if __name__ == "__main__":
    sys.exit(main())
