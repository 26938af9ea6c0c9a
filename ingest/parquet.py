"""Load the rows of a Parquet file, whatever the types of its columns."""

from pathlib import Path

import duckdb

from ingest.casting import insert_texts, limit_clause, path_literal, text_columns
from ingest.files import SourceFile, canonical_name, check_columns
from warehouse.connection import quoted
from warehouse.errors import UserError

MAX_ROWS_PER_BYTE = 20
"""A Parquet file may hold no more. Real ratings make 0.2 rows per byte, all the same ones 10."""

ANY_ROWS = 1_000_000
"""A Parquet file of any size may hold as many rows."""


def load_parquet(connection: duckdb.DuckDBPyConnection, file: SourceFile, limit: int | None) -> int:
    """Load the rows of a Parquet file, and return how many its footer promises."""
    footer = f"select count(*) from read_parquet({path_literal(file.path)})"
    row_count = int(connection.sql(footer).fetchall()[0][0])
    check_row_count(file.path, row_count, file.path.stat().st_size)
    limit = limit if file.table == "ratings" else None
    insert_parquet_rows(
        connection,
        file,
        f"""
        select *
        from read_parquet(
            {path_literal(file.path)}, hive_partitioning = false, binary_as_string = true,
            file_row_number = true
        )
        {limit_clause(limit, 0)}
        """,
    )
    return row_count if limit is None else min(row_count, limit)


def insert_parquet_rows(connection: duckdb.DuckDBPyConnection, file: SourceFile, rows: str) -> None:
    """Insert rows of a Parquet file into their raw table, or into the rejected lines.

    Args:
        connection: A connection that may write.
        file: The file that the rows are from.
        rows: A query with the file's columns and ``file_row_number``, from 0.

    Raises:
        UserError: A column is missing, or named twice.
    """
    described = connection.execute(f"describe {rows}").fetchall()
    kinds = {name: kind for name, kind, *_ in described if name != "file_row_number"}
    names = [canonical_name(file.table, name) for name in kinds]
    check_columns(file.table, file.path, tuple(names))
    fields = {}
    for name, (original, kind) in zip(names, kinds.items(), strict=True):
        fields[name] = f"cast({_identifier(original)} as varchar)"
        if name == "timestamp" and kind.startswith(("TIMESTAMP", "DATE")):
            seconds = f"cast(floor(epoch({_identifier(original)})) as varchar)"
            # Infinity has no seconds: its own text is rejected instead
            fields[name] = f"coalesce({seconds}, {fields[name]})"
    row = ", ".join(f"{quoted(name)}: {_identifier(name)}" for name in kinds)
    insert_texts(
        connection,
        file,
        f"""
        select
            file_row_number + 1 as line_number,
            cast(to_json({{{row}}}) as varchar) as raw_line,
            null as error,
            {text_columns(file, fields)}
        from ({rows})
        """,
    )


def check_row_count(path: Path, row_count: int, byte_count: int) -> None:
    """Check how many rows the footer of a Parquet file promises.

    Raises:
        UserError: There are far more than its bytes could hold.
    """
    if row_count > max(ANY_ROWS, MAX_ROWS_PER_BYTE * byte_count):
        raise UserError(
            f"{path} promises {row_count:,} rows in {byte_count:,} bytes: that is no dataset."
        )


def _identifier(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
