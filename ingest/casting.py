"""Cast texts into the raw tables: what a field may look like, and which rows are rejected."""

import re
from pathlib import Path

import duckdb

from ingest.files import COLUMNS, INTEGER, NUMBER, TEXT, SourceFile
from warehouse.connection import quoted

PATTERNS = {
    INTEGER: " *(-?0*[0-9]{1,19}([.]0*)?)? *",
    NUMBER: " *(-?[0-9]{1,9}([.][0-9]{0,20})?|-?[.][0-9]{1,20})? *",
}
"""What a field may look like. DuckDB's own casts accept more: they read 1.5 as the integer 2."""

TYPES = {INTEGER: "bigint", NUMBER: "double", TEXT: "varchar"}


def insert_texts(connection: duckdb.DuckDBPyConnection, file: SourceFile, texts: str) -> None:
    """Cast rows of texts and insert them into their raw table, or into the rejected lines.

    Args:
        connection: A connection that may write.
        file: The file that the rows are from.
        texts: A query with the columns ``line_number``, ``raw_line``, ``error`` (null where the
            row has fields) and one text for each of the table's columns.
    """
    name = quoted(file.path.name)
    columns = COLUMNS[file.table]
    misfits = " ".join(
        f"when not regexp_full_match(coalesce({column}, ''), {quoted(PATTERNS[kind])})"
        f" or trim({column}) != '' and try_cast({column} as {TYPES[kind]}) is null"
        f" then '{_snake_case(column)}_is_not_{'an_integer' if kind == INTEGER else 'a_number'}'"
        for column, kind in columns.items()
        if kind in PATTERNS
    )
    connection.execute(
        f"""
        create or replace temp table judged as
        select
            line_number,
            error,
            {casts(file, {column: column for column in columns}, "error is null")},
            case when error is not null then raw_line end as raw_line
        from (
            select * replace (case when error is not null then error {misfits} end as error)
            from ({texts})
        )
        """
    )
    connection.execute(
        f"insert into raw.{file.table} by name"
        f" select * exclude (error, raw_line), {name} as source_file from judged"
        " where error is null"
    )
    connection.execute(
        f"insert into raw.rejected_lines by name"
        f" select {name} as source_file, line_number, error, raw_line from judged"
        " where error is not null"
    )
    connection.execute("drop table judged")


def text_columns(file: SourceFile, fields: dict[str, str]) -> str:
    """Write the SQL of each of the table's columns as a text; null where the file lacks it."""
    return ", ".join(
        f"cast({fields.get(name, 'null')} as varchar) as {name}" for name in COLUMNS[file.table]
    )


def casts(file: SourceFile, texts: dict[str, str], condition: str) -> str:
    """Write the casts of texts to their columns' types; null in rows that break a condition."""
    columns = []
    for column, text in texts.items():
        kind = COLUMNS[file.table][column]
        value = text if kind == TEXT else f"cast(nullif(trim({text}), '') as {TYPES[kind]})"
        columns.append(f"case when {condition} then {value} end as {column}")
    return ", ".join(columns)


def limit_clause(limit: int | None, header_count: int) -> str:
    """Write the clause that keeps a file's header and as many lines as the limit says."""
    return "" if limit is None else f"limit {limit + header_count}"


def path_literal(path: Path) -> str:
    """Write a path as an SQL literal for where DuckDB takes patterns: it matches itself alone."""
    return quoted(re.sub(r"[*?[]", r"[\g<0>]", str(path)))


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
