"""The page of SQL: a query, the schema beside it, and what the query finds."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import streamlit as st

from explorer import charts
from explorer.catalogue import relations
from explorer.examples import EXAMPLES
from explorer.limits import MEMORY, ROWS, SECONDS
from explorer.query import Answer, QueryError, answer, as_csv, as_frame, as_parquet, prepare
from explorer.state import file_identity
from explorer.text import plain
from explorer.views import parts
from warehouse.settings import read_settings

QUERY = "query"
EXAMPLE = "example"
ASKED = "asked query"

DRAWN = 1_000
"""How many rows a picture shows."""


def draw(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw the page."""
    st.title("Ask in SQL")
    left, right = st.columns([2, 1], gap="large")
    with left:
        _ask()
        if asked := st.session_state.get(ASKED):
            _answer(asked)
    with right:
        _schema(connection)
    prepare(read_settings().warehouse)


def _ask() -> None:
    first = next(iter(EXAMPLES))
    st.session_state.setdefault(QUERY, EXAMPLES[first].strip())
    st.selectbox("An example", list(EXAMPLES), key=EXAMPLE, on_change=_take_example)
    with st.form("ask", border=False):
        st.text_area("Your query", key=QUERY, height=260)
        st.form_submit_button("Run", type="primary", on_click=_run)
    parts.note(
        f"One query, up to {SECONDS} seconds and {MEMORY.replace('MB', ' MB')} of memory;"
        f" {ROWS:,} rows are shown. It only reads, and reaches nothing but the warehouse."
    )


def _take_example() -> None:
    st.session_state[QUERY] = EXAMPLES[st.session_state[EXAMPLE]].strip()


def _run() -> None:
    st.session_state[ASKED] = st.session_state[QUERY]


def _schema(connection: duckdb.DuckDBPyConnection) -> None:
    by_name = {relation.name: relation for relation in relations(connection)}
    relation = by_name[str(st.selectbox("A relation, and what it holds", list(by_name)))]
    if relation.meaning:
        st.write(plain(relation.meaning))
    parts.table(
        {
            "column": [column.name for column in relation.columns],
            "type and meaning": [column.said() for column in relation.columns],
        }
    )


@st.cache_resource(max_entries=4, ttl=600, show_spinner="Running the query")
def _found(warehouse: Path, identity: tuple[int, int] | None, query: str) -> Answer:
    """Run a query once for a state of the warehouse, however often the page is drawn."""
    return answer(warehouse, query)


def _answer(query: str) -> None:
    warehouse = read_settings().warehouse
    try:
        found: Answer = _found(warehouse, file_identity(warehouse), query)
    except QueryError as error:
        st.error(plain(str(error)))
        if error.place:
            st.code(error.place, language=None)
        return
    count = found.table.num_rows
    cut = f"The first {count:,} rows; there are more." if found.is_cut else ""
    rows = cut or f"{count:,} row{'' if count == 1 else 's'}."
    st.header("What it finds")
    parts.note(f"{rows} {found.seconds:.1f} seconds.")
    frame = as_frame(found.table)
    st.dataframe(frame, hide_index=True, column_config=_widths(frame))
    _downloads(found)
    _chart(frame)


def _widths(frame: pd.DataFrame) -> dict[str, Any]:
    """Make columns of long texts so wide that the texts are seen, as far as there is room."""
    texts = frame.select_dtypes(["str", "object"])
    longest = {str(name): int(texts[name].str.len().max() or 0) for name in texts if len(texts)}
    return {
        name: st.column_config.TextColumn(width=min(400, 7 * count + 20))
        for name, count in longest.items()
        if count > 25
    }


def _downloads(found: Answer) -> None:
    row = st.container(horizontal=True)
    row.download_button(
        "Download as CSV", lambda: as_csv(found.table), "result.csv", "text/csv", on_click="ignore"
    )
    row.download_button(
        "Download as Parquet",
        lambda: as_parquet(found.table),
        "result.parquet",
        "application/vnd.apache.parquet",
        on_click="ignore",
    )


def _chart(frame: pd.DataFrame) -> None:
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    if len(frame) < 2 or len(frame.columns) < 2 or not numbers:
        return
    st.header("As a picture")
    left, middle, right = st.columns(3)
    kind = left.selectbox("Kind", list(charts.KINDS))
    x = middle.selectbox("Of what", list(frame.columns))
    others = [name for name in numbers if name != x]
    if not others:
        return
    y = right.selectbox("Which number", others)
    drawn = frame.head(DRAWN)
    st.altair_chart(charts.result(drawn, str(kind), str(x), str(y)), alt=f"{y} by {x}")
    if len(drawn) < len(frame):
        parts.note(f"The first {len(drawn):,} rows.")
