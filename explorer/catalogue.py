"""The relations of the warehouse, as its own comments describe them."""

from dataclasses import dataclass

import duckdb

SCHEMAS = (
    *("analytics", "core", "predictions", "quality", "features"),
    *("raw", "ml", "gates", "published"),
)
"""What people may query, the answers first."""

RELATIONS = """
select schema_name, table_name, comment from duckdb_tables()
union all
select schema_name, view_name, comment from duckdb_views() where not internal
"""

COLUMNS = """
select schema_name, table_name, column_name, data_type, comment
from duckdb_columns()
where not internal
order by schema_name, table_name, column_index
"""


@dataclass(frozen=True)
class Column:
    """A column: its name, its type, and what it means."""

    name: str
    type: str
    meaning: str

    def said(self) -> str:
        """Say type and meaning in a line."""
        return f"{self.type.lower()}. {self.meaning}".rstrip()


@dataclass(frozen=True)
class Relation:
    """A relation: its name with its schema, what one row is, and its columns."""

    name: str
    meaning: str
    columns: tuple[Column, ...]


def relations(connection: duckdb.DuckDBPyConnection) -> list[Relation]:
    """Describe the relations that people may query, by schema and name."""
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, data_type, comment in connection.execute(COLUMNS).fetchall():
        columns.setdefault((schema, table), []).append(Column(name, data_type, _one_line(comment)))
    found = [row for row in connection.execute(RELATIONS).fetchall() if row[0] in SCHEMAS]
    found.sort(key=lambda row: (SCHEMAS.index(row[0]), row[1]))
    return [
        Relation(f"{schema}.{name}", _one_line(comment), tuple(columns.get((schema, name), ())))
        for schema, name, comment in found
    ]


def _one_line(comment: str | None) -> str:
    return " ".join((comment or "").split())
