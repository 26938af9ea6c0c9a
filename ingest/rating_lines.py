"""Load the ratings of a text file: DuckDB splits and casts the lines, as there may be many.

A file of nothing but plain numbers, as every release has, is read twice as fast as one in
which each line is looked at. What is read is the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import duckdb

from ingest.casting import PATTERNS, casts, insert_texts, limit_clause, path_literal, text_columns
from ingest.files import (
    COLUMNS,
    FIELD_MARK,
    INTEGER,
    MAX_LINE_BYTES,
    TEXT,
    SourceFile,
    Survey,
    read_text_lines,
    survey,
)
from warehouse.connection import quoted

LONGEST_PLAIN_RATING = 9
"""Characters of a rating; in longer ones a pattern counts the digits."""

OPEN_FIELD = '"([^"]|"")*'
"""A field in quotes without its closing quote; a quote inside the field is doubled."""


def load_rating_lines(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, limit: int | None
) -> int:
    """Load lines of ratings, and return how many a count without DuckDB finds."""
    header_count = int(file.has_header)
    found = survey(file.path, has_header=file.has_header)
    line_count = found.line_count - header_count
    if limit is None and _load_numbers(connection, file, found, line_count):
        return line_count
    with _readable(file, found) as (path, line_end):
        # Without quotes, and with a separator that no line holds, each line arrives as it is
        insert_rating_lines(
            connection,
            file,
            f"""
            select coalesce(line, '') as line
            from read_csv(
                {path_literal(path)}, columns = {{'line': 'VARCHAR'}}, header = false,
                auto_detect = false, new_line = '{line_end}', delim = '{FIELD_MARK}',
                quote = '', escape = '', comment = '', strict_mode = false,
                hive_partitioning = false, max_line_size = {MAX_LINE_BYTES}
            )
            {limit_clause(limit, header_count)}
            """,
            f"rowid + 1 + {file.lines_before}",
        )
    return line_count if limit is None else min(line_count, limit)


def insert_rating_lines(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, lines: str, line_number: str
) -> None:
    """Insert lines of ratings into their raw table, or into the rejected lines.

    Args:
        connection: A connection that may write.
        file: The file that the lines are from.
        lines: A query with the column ``line``; it may have others.
        line_number: The number of a row's line, of the query's columns, or of its ``rowid`` from 0.
    """
    fields = _fields(file, f"split_part(line, {quoted(file.separator)}, {{}})")
    connection.execute(
        f"""
        create or replace temp table lines as
        with matched as (
            select *, regexp_full_match(line, {quoted(_line_pattern(file))}) as is_plain
            from ({lines})
        )
        select
            * exclude (line, is_plain),
            {casts(file, fields, "is_plain")},
            case when not is_plain then line end as raw_line
        from matched
        """
    )
    connection.execute(
        f"""
        insert into raw.ratings by name
        select
            {", ".join(fields)}, {quoted(file.path.name)} as source_file,
            {line_number} as line_number
        from lines
        where raw_line is null
        """
    )
    _load_other_lines(connection, file, line_number)
    connection.execute("drop table lines")


def _load_numbers(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, found: Survey, line_count: int
) -> bool:
    """Load a file whose lines are all plain numbers in their columns, and tell whether this is one.

    DuckDB splits and casts the lines, where it accepts no more than
    :data:`ingest.casting.PATTERNS` do: fields are of digits and points, each point is that of a
    short rating, and no line has a separator too many.
    """
    if not found.is_numeric or found.line_end is None:
        return False
    kinds = {name: COLUMNS[file.table].get(name, TEXT) for name in file.columns}
    columns = {name: "VARCHAR" if kind != INTEGER else "BIGINT" for name, kind in kinds.items()}
    time = "timestamp" if "timestamp" in kinds else "cast(null as bigint)"
    try:
        connection.execute(
            f"""
            create or replace temp table numbers as
            select
                userId, movieId, cast(rating as double) as rating, {time} as timestamp,
                cast(least(strlen(rating), 100) as utinyint) as rating_length,
                contains(rating, '.') as has_point
            from read_csv(
                {path_literal(file.path)}, columns = {columns}, header = {file.has_header},
                auto_detect = false, new_line = '{found.line_end}',
                delim = {quoted(file.separator)}, quote = '', escape = '', comment = '',
                strict_mode = true, null_padding = false, ignore_errors = false,
                hive_partitioning = false, max_line_size = {MAX_LINE_BYTES}
            )
            """
        )
    except (duckdb.ConversionException, duckdb.InvalidInputException):
        return False
    ((row_count, longest, points),) = connection.execute(
        "select count(*), max(rating_length), count(*) filter (has_point) from numbers"
    ).fetchall()
    header_points = ",".join(file.columns).count(".") if file.has_header else 0
    is_plain = (
        row_count == line_count
        and (longest or 0) <= LONGEST_PLAIN_RATING
        and points + header_points == found.point_count
        and row_count * (len(file.columns) - 1) * len(file.separator) == found.separator_bytes
    )
    if is_plain:
        # Each row knows its line by now: rows that need no order are written in half the time
        connection.execute("set preserve_insertion_order = false")
        connection.execute(
            f"""
            insert into raw.ratings by name
            select
                userId, movieId, rating, timestamp, {quoted(file.path.name)} as source_file,
                rowid + 1 + {int(file.has_header) + file.lines_before} as line_number
            from numbers
            """
        )
    connection.execute("drop table numbers")
    return is_plain


@contextmanager
def _readable(file: SourceFile, found: Survey) -> Iterator[tuple[Path, str]]:
    """Yield the file and what ends its lines, or a copy if DuckDB would misread the lines."""
    if found.line_end is not None:
        yield file.path, found.line_end
        return
    with NamedTemporaryFile("w", encoding="utf-8", newline="\n", suffix=".csv") as copy:
        for line in read_text_lines(file):
            copy.write(printable(line) + "\n")
        copy.flush()
        yield Path(copy.name), r"\n"


def printable(line: str | bytes) -> str:
    """Write a line with escapes for what is not UTF-8, and for DuckDB's separator."""
    text = line if isinstance(line, str) else line.decode("utf-8", "backslashreplace")
    return text.replace(FIELD_MARK, repr(FIELD_MARK)[1:-1])


def _load_other_lines(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, line_number: str
) -> None:
    """Load the lines that are not plain numbers: lines with quotes, and lines to reject."""
    separator = file.separator
    field = f'({OPEN_FIELD}"|([^"{separator}][^{separator}]*)?)'
    well_formed = f"({field}{separator})*{field}"
    unclosed = f"({field}{separator})*{OPEN_FIELD}"
    insert_texts(
        connection,
        file,
        f"""
        with other_lines as (
            select
                {line_number} as line_number,
                raw_line,
                {file.is_quoted} and contains(raw_line, '"') as has_quotes
            from lines
            where raw_line is not null and {line_number} > {int(file.has_header)}
        ),
        split as (
            select
                *,
                case
                    when has_quotes
                        then list_transform(
                            regexp_extract_all(
                                {quoted(separator)} || raw_line, {quoted(separator + field)}, 1
                            ),
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
            {text_columns(file, _fields(file, "fields[{}]"))}
        from split
        """,
    )


def _fields(file: SourceFile, pattern: str) -> dict[str, str]:
    """Write the SQL of each column's text: ``pattern``, with the field's number in its braces.

    Where another separator divides the columns, a rating may have a decimal comma.
    """
    fields = {
        name: pattern.format(number)
        for number, name in enumerate(file.columns, start=1)
        if name in COLUMNS[file.table]
    }
    if file.separator != ",":
        fields["rating"] = f"replace({fields['rating']}, ',', '.')"
    return fields


def _line_pattern(file: SourceFile) -> str:
    """Build the pattern of plain lines: numbers in their columns, and no quotes.

    An integer of 18 digits always fits into 64 bits, so that its cast cannot fail.
    """
    anything = f'[^{file.separator[0]}"]*'
    patterns = {name: PATTERNS[kind] for name, kind in COLUMNS[file.table].items()}
    if file.separator != ",":
        patterns["rating"] = patterns["rating"].replace("[.]", "[.,]")
    parts = [patterns.get(name, anything) for name in file.columns]
    return file.separator.join(parts).replace("{1,19}", "{1,18}")
