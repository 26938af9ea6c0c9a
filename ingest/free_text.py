"""Load movies, tags and links of a text file: Python's csv module splits them, as they are few."""

from itertools import islice

import duckdb

from ingest.casting import insert_texts, text_columns
from ingest.files import COLUMNS, ITEM_GENRES, SourceFile, read_text_lines, survey
from ingest.records import Record, split_records
from warehouse.errors import UserError

RECORDS_AT_ONCE = 100_000


def load_records(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> int:
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
        insert_texts(
            connection,
            file,
            f"""
            select line_number, raw_line, cast(error as varchar) as error,
                {text_columns(file, {name: name for name in COLUMNS[file.table]})}
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
