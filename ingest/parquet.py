"""Load the rows of a Parquet file, whatever the types of its columns."""

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
    options = f"{path_literal(file.path)}, hive_partitioning = false, binary_as_string = true"
    row_count = _row_count(connection, file)
    described = connection.execute(f"describe select * from read_parquet({options})").fetchall()
    kinds = {name: kind for name, kind, *_ in described}
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
    limit = limit if file.table == "ratings" else None
    insert_texts(
        connection,
        file,
        f"""
        select
            file_row_number + 1 as line_number,
            cast(to_json({{{row}}}) as varchar) as raw_line,
            null as error,
            {text_columns(file, fields)}
        from read_parquet({options}, file_row_number = true)
        {limit_clause(limit, 0)}
        """,
    )
    return row_count if limit is None else min(row_count, limit)


def _row_count(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> int:
    """Read from a Parquet file's footer how many rows it promises.

    Raises:
        UserError: There are far more than its bytes could hold.
    """
    footer = f"select count(*) from read_parquet({path_literal(file.path)})"
    ((row_count,),) = connection.execute(footer).fetchall()
    if row_count > max(ANY_ROWS, MAX_ROWS_PER_BYTE * file.path.stat().st_size):
        raise UserError(
            f"{file.path} promises {row_count:,} rows in {file.path.stat().st_size:,} bytes: that"
            " is no dataset."
        )
    return int(row_count)


def _identifier(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
