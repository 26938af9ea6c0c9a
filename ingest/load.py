"""Load a folder of ratings into ``raw.*``: every line becomes a row there or a rejected line.

Ratings are read, split and cast inside DuckDB, line by line, so that they may be many. Movies,
tags and links hold free text, are far fewer, and are split by Python's csv module.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile

import duckdb

from ingest.files import (
    COLUMNS,
    FIELD_MARK,
    INTEGER,
    ITEM_GENRES,
    MAX_LINE_BYTES,
    NUMBER,
    TEXT,
    SourceFile,
    Survey,
    canonical_name,
    check_columns,
    find_files,
    read_text_lines,
    sha256,
    survey,
)
from ingest.records import Record, split_records
from warehouse.connection import quoted
from warehouse.errors import UserError
from warehouse.tables import create_tables

PATTERNS = {
    INTEGER: " *(-?[0-9]{1,19}([.]0*)?)? *",
    NUMBER: " *(-?[0-9]{1,9}([.][0-9]{0,20})?|-?[.][0-9]{1,20})? *",
}
"""What a field may look like. DuckDB's own casts are too kind: they read 1.5 as the integer 2."""

TYPES = {INTEGER: "bigint", NUMBER: "double", TEXT: "varchar"}

OPEN_FIELD = '"([^"]|"")*'
"""A field in quotes, its quotes doubled inside, up to the quote that closes it."""

FIELD = f'({OPEN_FIELD}"|([^",][^,]*)?)'
"""A field of a CSV line."""

RECORDS_AT_ONCE = 100_000

MAX_ROWS_A_BYTE = 20
"""Of the rows of a Parquet file. Everybody's same rating of everything makes 10, real ones 0.2."""

ANY_ROWS = 1_000_000
"""As many rows may come of a Parquet file of any size."""

Progress = Callable[[SourceFile], None]


@dataclass(frozen=True)
class Load:
    """What became of a file's lines.

    Attributes:
        file: The file.
        line_count: Lines read, without the header; a record of several lines counts as one.
        accepted_count: Rows in the raw table.
        rejected_count: Rows in ``raw.rejected_lines``.
    """

    file: SourceFile
    line_count: int
    accepted_count: int
    rejected_count: int


def load_folder(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    limit: int | None = None,
    progress: Progress = lambda file: None,
) -> list[Load]:
    """Fill the ``raw`` tables from a folder, in place of what they held.

    Args:
        connection: A connection that may write.
        folder: The dataset; :func:`ingest.files.find_files` says what it may hold.
        limit: Read only so many lines of ratings.
        progress: Called with each file before it is read.

    Returns:
        What became of each file, in the order of reading.

    Raises:
        UserError: The folder, a file or a header is not what it must be.
    """
    files = find_files(folder)
    loaded_at = datetime.now(UTC).replace(tzinfo=None)
    connection.execute("drop schema if exists raw cascade")
    create_tables(connection, "raw")
    loads = []
    for file in files:
        progress(file)
        loads.append(_load_file(connection, file, limit, loaded_at))
    return loads


def _load_file(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, limit: int | None, loaded_at: datetime
) -> Load:
    # The order of rows is the order of lines until each row has its line number
    connection.execute("set preserve_insertion_order = true")
    try:
        if file.path.suffix == ".parquet":
            line_count = _load_parquet(connection, file, limit)
        elif file.table == "ratings":
            line_count = _load_ratings(connection, file, limit)
        else:
            line_count = _load_records(connection, file)
    except duckdb.OutOfMemoryException as error:
        first_line = str(error).partition("\n")[0]
        raise UserError(
            f"Loading {file.path} takes more than MEMORY_LIMIT: {first_line}"
        ) from error
    except duckdb.Error as error:
        first_line = str(error).partition("\n")[0]
        raise UserError(f"{file.path} cannot be read: {first_line}") from error
    except OSError as error:
        raise UserError(f"{file.path} cannot be read: {error}") from error
    finally:
        connection.execute("set preserve_insertion_order = false")
    if line_count == 0:
        raise UserError(f"{file.path} has no {file.table} in it.")
    accepted_count = _count(connection, f"raw.{file.table}")
    rejected_count = _count(
        connection, f"raw.rejected_lines where source_file = {quoted(file.path.name)}"
    )
    if line_count != accepted_count + rejected_count:
        raise UserError(
            f"{file.path} has {line_count} lines, but {accepted_count + rejected_count} were read:"
            " was it written to meanwhile?"
        )
    dataset = file.path.parent.resolve().name + (f", first {limit} ratings" if limit else "")
    connection.execute(
        "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file.path.name,
            file.table,
            file.path.stat().st_size,
            sha256(file.path),
            line_count,
            accepted_count,
            rejected_count,
            loaded_at,
            dataset,
        ],
    )
    return Load(file, line_count, accepted_count, rejected_count)


def _load_ratings(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, limit: int | None
) -> int:
    """Load lines of ratings, and return how many there are by a count of its own."""
    header_count = int(file.has_header)
    found = survey(file.path)
    fields = {
        name: f"split_part(line, {quoted(file.separator)}, {file.columns.index(name) + 1})"
        for name in COLUMNS[file.table]
        if name in file.columns
    }
    with _readable(file, found) as (path, line_end):
        # Without quotes, and with a separator that no line holds, each line arrives as it is
        connection.execute(
            f"""
            create or replace temp table lines as
            with lines as (
                select coalesce(line, '') as line
                from read_csv(
                    {_path_literal(path)}, columns = {{'line': 'VARCHAR'}}, header = false,
                    auto_detect = false, new_line = '{line_end}', delim = '{FIELD_MARK}',
                    quote = '', escape = '', comment = '', strict_mode = false,
                    hive_partitioning = false, max_line_size = {MAX_LINE_BYTES}
                )
                {_limit_clause(limit, header_count)}
            ),
            matched as (
                select line, regexp_full_match(line, {quoted(_line_pattern(file))}) as is_plain
                from lines
            )
            select
                {_casts(file, fields, "is_plain")},
                case when not is_plain then line end as raw_line
            from matched
            """
        )
    connection.execute(
        f"""
        insert into raw.ratings by name
        select * exclude raw_line, {quoted(file.path.name)} as source_file, rowid + 1 as line_number
        from lines
        where raw_line is null
        """
    )
    _load_other_lines(connection, file, header_count)
    connection.execute("drop table lines")
    line_count = found.line_count - header_count
    return line_count if limit is None else min(line_count, limit)


@contextmanager
def _readable(file: SourceFile, found: Survey) -> Iterator[tuple[Path, str]]:
    """Give the file and what ends its lines, or a copy where DuckDB would misread them."""
    if found.line_end is not None:
        yield file.path, found.line_end
        return
    with NamedTemporaryFile("w", encoding="utf-8", newline="\n", suffix=".csv") as copy:
        for line in read_text_lines(file):
            text = line if isinstance(line, str) else line.decode("utf-8", "backslashreplace")
            copy.write(text.replace(FIELD_MARK, repr(FIELD_MARK)[1:-1]) + "\n")
        copy.flush()
        yield Path(copy.name), r"\n"


def _load_other_lines(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, header_count: int
) -> None:
    """Load the lines of ratings that are not plain numbers: quoted, or not to be had."""
    well_formed, unclosed = f"({FIELD},)*{FIELD}", f"({FIELD},)*{OPEN_FIELD}"
    _insert_texts(
        connection,
        file,
        f"""
        with other_lines as (
            select
                rowid + 1 as line_number,
                raw_line,
                {file.is_quoted} and contains(raw_line, '"') as has_quotes
            from lines
            where raw_line is not null and rowid >= {header_count}
        ),
        split as (
            select
                *,
                case
                    when has_quotes
                        then list_transform(
                            regexp_extract_all(',' || raw_line, {quoted(f",{FIELD}")}, 1),
                            lambda field: regexp_replace(field, '^"(.*)"$', '\\1')
                        )
                    else string_split(raw_line, {quoted(file.separator)})
                end as fields
            from other_lines
        )
        select
            line_number,
            raw_line,
            case
                when trim(raw_line) = '' then 'blank_line'
                when contains(raw_line, chr(0)) then 'null_character'
                when has_quotes and not regexp_full_match(raw_line, {quoted(well_formed)})
                    then if(
                        regexp_full_match(raw_line, {quoted(unclosed)}),
                        'unclosed_quote',
                        'misplaced_quote'
                    )
                when len(fields) != {len(file.columns)} then 'wrong_field_count'
            end as error,
            {_texts(file, {name: f"fields[{i + 1}]" for i, name in enumerate(file.columns)})}
        from split
        """,
    )


def _load_parquet(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, limit: int | None
) -> int:
    """Load the rows of a Parquet file, and return how many its footer names."""
    options = f"{_path_literal(file.path)}, hive_partitioning = false, binary_as_string = true"
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
            # Infinity has no seconds, and is to be rejected as what it is
            fields[name] = f"coalesce({seconds}, {fields[name]})"
    row = ", ".join(f"{quoted(name)}: {_identifier(name)}" for name in kinds)
    limit = limit if file.table == "ratings" else None
    _insert_texts(
        connection,
        file,
        f"""
        select
            file_row_number + 1 as line_number,
            cast(to_json({{{row}}}) as varchar) as raw_line,
            null as error,
            {_texts(file, fields)}
        from read_parquet({options}, file_row_number = true)
        {_limit_clause(limit, 0)}
        """,
    )
    return row_count if limit is None else min(row_count, limit)


def _row_count(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> int:
    """Read from a Parquet file's footer how many rows it promises.

    Raises:
        UserError: They are far more than its bytes could hold.
    """
    row_count = _count(connection, f"read_parquet({_path_literal(file.path)})")
    if row_count > max(ANY_ROWS, MAX_ROWS_A_BYTE * file.path.stat().st_size):
        raise UserError(
            f"{file.path} promises {row_count:,} rows in {file.path.stat().st_size:,} bytes: that"
            " is no dataset."
        )
    return row_count


def _load_records(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> int:
    """Load the records of a text file, and return how many there are."""
    import pandas as pd

    names = ["line_number", "raw_line", "error", *COLUMNS[file.table]]
    records = split_records(
        read_text_lines(file), separator=file.separator, is_quoted=file.is_quoted
    )
    if file.has_header:
        next(records)
    record_count = 0
    last_line = int(file.has_header)
    while batch := list(islice(records, RECORDS_AT_ONCE)):
        rows = [_text_row(record, file) for record in batch]
        connection.register("records", pd.DataFrame(rows, columns=names, dtype=object))
        _insert_texts(
            connection,
            file,
            f"""
            select line_number, raw_line, cast(error as varchar) as error,
                {_texts(file, {name: name for name in COLUMNS[file.table]})}
            from records
            """,
        )
        connection.unregister("records")
        record_count += len(batch)
        last_line = batch[-1].line_number + batch[-1].line_count - 1
    if last_line != survey(file.path).line_count:
        raise UserError(f"{file.path} was written to while it was read.")
    return record_count


def _text_row(record: Record, file: SourceFile) -> list[object]:
    """Lay a record out as line number, text, error and the texts of the table's columns."""
    fields, error = record.fields, record.error
    if error is None and len(fields) != len(file.columns):
        error = "wrong_field_count"
    if error is not None:
        return [record.line_number, record.text, error, *(None for _ in COLUMNS[file.table])]
    values = dict(zip(file.columns, fields, strict=True))
    if file.path.name == "u.item":
        values["genres"] = "|".join(genre for genre in ITEM_GENRES if values[genre] == "1")
    texts = (values.get(name) for name in COLUMNS[file.table])
    return [record.line_number, record.text, None, *texts]


def _insert_texts(connection: duckdb.DuckDBPyConnection, file: SourceFile, texts: str) -> None:
    """Insert rows of texts where they belong.

    Args:
        connection: A connection that may write.
        file: The file that they are from.
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
            {_casts(file, {column: column for column in columns}, "error is null")},
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


def _texts(file: SourceFile, fields: dict[str, str]) -> str:
    return ", ".join(
        f"cast({fields.get(name, 'null')} as varchar) as {name}" for name in COLUMNS[file.table]
    )


def _casts(file: SourceFile, texts: dict[str, str], condition: str) -> str:
    """Cast texts to their columns' types, where the condition holds that makes it safe."""
    columns = []
    for column, text in texts.items():
        kind = COLUMNS[file.table][column]
        value = text if kind == TEXT else f"cast(nullif(trim({text}), '') as {TYPES[kind]})"
        columns.append(f"case when {condition} then {value} end as {column}")
    return ", ".join(columns)


def _line_pattern(file: SourceFile) -> str:
    """Build a pattern of lines that need no second look: plain numbers in the expected places.

    An integer of 18 digits always fits into 64 bits, so that its cast cannot fail.
    """
    anything = f'[^{file.separator[0]}"]*'
    kinds = COLUMNS[file.table]
    parts = [PATTERNS[kinds[name]] if name in kinds else anything for name in file.columns]
    return file.separator.join(parts).replace("{1,19}", "{1,18}")


def _limit_clause(limit: int | None, header_count: int) -> str:
    return "" if limit is None else f"limit {limit + header_count}"


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    ((count,),) = connection.execute(f"select count(*) from {relation}").fetchall()
    return int(count)


def _identifier(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _path_literal(path: Path) -> str:
    """Write a path as an SQL literal that stands for itself alone, where DuckDB takes patterns."""
    return quoted(re.sub(r"[*?[]", r"[\g<0>]", str(path)))


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
