"""The app that Streamlit runs: its pages, the state that is shown, and what went wrong in words."""

import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import duckdb
import streamlit as st

from explorer.state import file_identity, read_state
from explorer.text import plain
from explorer.views import compare, movie, own, sql, user
from explorer.views.parts import note
from warehouse.connection import first_line
from warehouse.errors import UserError
from warehouse.published import read_published
from warehouse.settings import read_settings

# A file: Streamlit would load an icon of its own from another machine
ICON = Path(__file__).with_name("icon.svg")

View = Callable[[duckdb.DuckDBPyConnection], None]

# How often a page that is open looks whether a build has published
SECONDS_BETWEEN_LOOKS = 3


def main() -> None:
    """Draw the page that is asked for."""
    st.set_page_config(page_title="Reelhouse", page_icon=str(ICON), layout="wide")
    _warm_up()
    pages = [
        st.Page(_page(movie.draw), title="Movie", url_path="movie", default=True),
        st.Page(_page(user.draw), title="User", url_path="user"),
        st.Page(_page(own.draw), title="Rate movies", url_path="rate"),
        st.Page(_page(compare.draw), title="Models", url_path="models"),
        st.Page(_page(sql.draw), title="SQL", url_path="sql"),
    ]
    st.navigation(pages, position="top").run()


def show(view: View) -> None:
    """Open the warehouse, draw a page, and say in a sentence what stands in its way.

    The file is opened for this one drawing, so that each shows what is published now.
    """
    warehouse = read_settings().warehouse
    seen = file_identity(warehouse)
    try:
        with read_published(warehouse) as connection:
            note(read_state(connection).sentence())
            view(connection)
    except UserError as error:
        st.error(plain(str(error)))
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        st.error(
            plain(
                f"{warehouse} was built by another release: `make build` builds it again."
                f" ({first_line(error)})"
            )
        )
    _look_again(seen)


def _page(view: View) -> Callable[[], None]:
    def draw() -> None:
        show(view)

    return draw


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _look_again(seen: tuple[int, int] | None) -> None:
    """Draw the page anew once another file has taken the place of the one that was seen."""
    if file_identity(read_settings().warehouse) != seen:
        st.rerun()


@st.cache_resource
def _warm_up() -> threading.Timer:
    """Import what recommends to somebody new, so that the first one need not wait for it."""
    # The first page comes first
    timer = threading.Timer(1, import_module, ["models_ml.recommend.newcomer"])
    timer.daemon = True
    timer.start()
    return timer


if __name__ == "__main__":
    main()
