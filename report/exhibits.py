"""Exhibits of the report: what a picture or table shows, and the relation that it comes from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import duckdb
import pandas as pd


@dataclass(frozen=True)
class Column:
    """A column of a table, as a reader sees it."""

    label: str
    format: str = ""
    """A format of Python, such as ``,d`` or ``.2f``; a column with one stands to the right."""
    is_wide: bool = False
    """Whether a narrow screen leaves it out."""

    def show(self, value: Any) -> str:
        """Write one value; a missing one is a dash."""
        if pd.isna(value):
            return "–"
        return format(int(value) if self.format.endswith("d") else value, self.format)


@dataclass(frozen=True)
class Exhibit:
    """One picture or one table.

    A picture has ``chart``, a table ``columns``. The query selects rows of ``relation``, in the
    order in which they are shown; its numbers are those of the relation.
    """

    name: str
    """Its place on the page, and the name of its files."""
    heading: str
    relation: str
    query: str
    note: str
    chart: Callable[[pd.DataFrame], alt.TopLevelMixin] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)
    pick: str = ""
    """The column of which a reader of a table chooses one value."""
    reference: str = ""
    """Where the reference analysis has it, such as ``Figure 1``."""


@dataclass(frozen=True)
class Section:
    """A part of the page, and what it says where its relations are empty."""

    name: str
    heading: str
    text: str
    exhibits: Sequence[Exhibit]
    missing: str = "There are no rows of this kind in the data."


def read(connection: duckdb.DuckDBPyConnection, exhibit: Exhibit, user: int) -> pd.DataFrame:
    """Read the rows of an exhibit; ``$user`` in its query is the user whom the report shows."""
    values = {"user": user} if "$user" in exhibit.query else None
    return connection.execute(exhibit.query, values).df()
