"""The process that runs one query: ``python -m explorer.query_process warehouse.duckdb < query``.

It writes a line of JSON, which says what is wrong or whether rows were left out, and then the rows
as an Arrow stream. Four walls stand around a query:

- It is one ``select`` statement; no other kind of statement is run.
- The file is open for reading alone, and DuckDB reaches no other file, no network and no
  extension; the settings are locked. See :func:`warehouse.connection.connect`.
- Of the functions that stand in the place of a table, only those in ``TABLE_FUNCTIONS`` are called:
  others log, take raw addresses or run text as SQL.
- The operating system lets the process write no file and take no more than ``ADDRESSES`` of memory.
"""

import json
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from explorer.limits import MEGABYTES, MEMORY, ROWS
from warehouse.connection import first_line
from warehouse.errors import UserError
from warehouse.published import read_published
from warehouse.settings import read_settings

ADDRESSES = 2 << 30
ADDRESSES_OF_A_THREAD = 128 << 20
"""Bytes of address space that the process may have: programs reserve more than they use."""

TABLE_FUNCTIONS = {
    *("range", "generate_series", "unnest", "repeat", "json_each", "json_tree"),
    *("duckdb_tables", "duckdb_views", "duckdb_columns", "duckdb_functions", "duckdb_types"),
}
"""What may stand in the place of a table. They make rows of what they are given, or describe."""

SENTENCES = {
    "Parser": "The query cannot be read",
    "Catalog": "The query names what is not there",
    "Binder": "The query does not fit the relations",
    "Conversion": "A value is not of the type that is asked for",
    "Permission": "A query reaches nothing but the warehouse",
}
"""How DuckDB's kinds of errors are introduced; the others say that the query failed."""

TOO_MUCH_MEMORY = f"The query needs more than {MEMORY} of memory: ask for less, or for groups."


def main() -> int:
    """Answer the query of the standard input on the file that the first argument names."""
    output = sys.stdout.buffer
    _wall_off()
    query = sys.stdin.buffer.read().decode("utf-8")
    try:
        with read_published(Path(sys.argv[1]), may_spill=False) as connection:
            table, is_cut = run(connection, query)
    except duckdb.Error as error:
        _say(error=sentence(error), place=place(error))
    except MemoryError:
        _say(error=TOO_MUCH_MEMORY, place="")
    except (UserError, ValueError, pa.ArrowException) as error:
        is_full = isinstance(error.__cause__, duckdb.OutOfMemoryException)
        _say(error=TOO_MUCH_MEMORY if is_full else str(error), place="")
    else:
        _say(is_cut=is_cut)
        with pa.ipc.new_stream(output, table.schema) as stream:
            stream.write_table(table)
    output.flush()
    # Nothing that the query has left behind is put in order: it might take time, or fail
    os._exit(0)


def run(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[pa.Table, bool]:
    """Run a query if it is allowed, and take its first rows.

    Returns:
        The rows, and whether there are more.

    Raises:
        UserError: The query is not allowed, or its rows are too large.
        duckdb.Error: It is wrong, or it failed.
    """
    check(connection, query)
    reader = connection.execute(query).to_arrow_reader(1_000)
    batches, rows, size = [], 0, 0
    for batch in reader:
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if size > MEGABYTES << 20:
            raise UserError(
                f"The result is larger than {MEGABYTES} MB: take fewer rows, or shorter values."
            )
        if rows > ROWS:
            break
    return pa.Table.from_batches(batches, reader.schema).slice(0, ROWS), rows > ROWS


def check(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Refuse what is not one query that only reads.

    Raises:
        UserError: It is empty, several statements, another kind of statement, or it calls a
            function that is not allowed in the place of a table.
        duckdb.Error: It is not SQL.
    """
    ((text,),) = connection.execute("select json_serialize_sql(?)", [query]).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        # Shows the place of a mistake. On this connection alone: to take `import database` apart,
        # DuckDB reads files, which here it may not
        connection.extract_statements(query)
        raise UserError(
            "Only one query runs here: select, from, with, values, describe or summarize."
        )
    if not tree["statements"]:
        raise UserError("There is no query to run: write one, or choose an example.")
    if (count := len(tree["statements"])) > 1:
        raise UserError(f"These are {count} queries: run one at a time.")
    for name in _table_functions(tree):
        if name.lower() not in TABLE_FUNCTIONS:
            raise UserError(
                f"The function {name} is not to be had here in the place of a table: relations of"
                f" the warehouse are, and {', '.join(sorted(TABLE_FUNCTIONS))}."
            )


def _table_functions(tree: Any) -> Iterator[str]:
    """Name the functions that stand in the place of a table, anywhere in a parsed query."""
    if isinstance(tree, dict):
        if tree.get("type") == "TABLE_FUNCTION":
            yield str(tree["function"].get("function_name"))
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from _table_functions(part)


def sentence(error: duckdb.Error) -> str:
    """Say what is wrong in a sentence, with DuckDB's reason."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return TOO_MUCH_MEMORY
    reason, _, _ = str(error).partition("\nLINE ")
    kind, colon, rest = reason.partition(" Error: ")
    words = " ".join(rest.split()) if colon else first_line(error)
    end = "" if words.endswith("?") else "."
    return f"{SENTENCES.get(kind, 'The query failed')}: {words.rstrip('.!')}{end}"


def place(error: duckdb.Error) -> str:
    """Take the lines that show the place in the query; empty where DuckDB shows none."""
    _, line, place = str(error).partition("\nLINE ")
    return f"LINE {place}" if line else ""


def _say(**said: Any) -> None:
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n")


def _wall_off() -> None:
    addresses = ADDRESSES + read_settings().threads * ADDRESSES_OF_A_THREAD
    limits = {"RLIMIT_AS": addresses, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, limit in limits.items():
        # Not every system knows every limit
        with suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (limit, limit))


if __name__ == "__main__":
    main()
