"""Pages, drawn without a browser."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.explorer.conftest import Explore

Draw = Callable[[str, Path], AppTest]

SCRIPT = """
from explorer.app import show
from explorer.views import {page}

show({page}.draw)
"""


@pytest.fixture
def draw(explore: Explore) -> Draw:
    """Draw a page of the explorer on a warehouse; nothing may go wrong while it does."""

    def draw(page: str, warehouse: Path) -> AppTest:
        explore(warehouse)
        app = AppTest.from_string(SCRIPT.format(page=page), default_timeout=60).run()
        assert not app.exception
        assert not app.error
        return app

    return draw


def texts(app: AppTest) -> str:
    """Put together what a page says in Markdown."""
    kinds = [app.title, app.header, app.markdown, app.info, app.error]
    return "\n".join(element.value for kind in kinds for element in kind)
