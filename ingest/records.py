"""Split lines of a text file into records, and say what is wrong with the other lines."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_RECORD_LINES = 20
"""A quote that is not closed within so many lines is a stray one, not the start of a long text."""

MAX_FIELD_CHARACTERS = 1 << 27
"""No record is that long. The limit of the csv module itself would refuse good records."""


@dataclass(frozen=True)
class Record:
    """A record, or a line that cannot be one.

    Attributes:
        line_number: The line on which it starts, counted from 1.
        line_count: How many lines it spans.
        text: Its lines as they stand in the file, divided by line feeds.
        fields: Its fields; empty where ``error`` says what is wrong.
        error: The rule that the line broke, or ``None``.
    """

    line_number: int
    line_count: int
    text: str
    fields: list[str]
    error: str | None = None


def split_records(
    lines: Iterable[str | bytes], *, separator: str, is_quoted: bool
) -> Iterator[Record]:
    """Split lines into records.

    With quotes, a record follows RFC 4180: a field in double quotes may hold separators, line
    ends and doubled quotes. A quote that is never closed costs its own line alone: reading
    goes on with the next.

    Args:
        lines: The lines, without line ends; bytes where a line is not valid text.
        separator: What divides fields, one character if ``is_quoted``.
        is_quoted: Whether a field may stand in double quotes.

    Yields:
        The records in order; their line counts add up to the number of lines.
    """
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    source = iter(lines)
    ahead: deque[str | bytes] = deque()
    line_number = 1
    while (line := ahead.popleft() if ahead else next(source, None)) is not None:
        if isinstance(line, bytes):
            text = line.decode("utf-8", "backslashreplace")
            record = Record(line_number, 1, text, [], "invalid_utf8")
        elif not line.strip():
            record = Record(line_number, 1, line, [], "blank_line")
        elif "\0" in line:
            record = Record(line_number, 1, line, [], "null_character")
        elif not is_quoted:
            record = Record(line_number, 1, line, line.split(separator))
        else:
            record = _quoted_record(line, line_number, separator, ahead, source)
        yield record
        line_number += record.line_count


def _quoted_record(
    line: str,
    line_number: int,
    separator: str,
    ahead: deque[str | bytes],
    source: Iterator[str | bytes],
) -> Record:
    """Read a record that starts on ``line``; the lines that it spans are taken off ``ahead``."""
    text = line
    for line_count in range(1, MAX_RECORD_LINES + 1):
        try:
            fields = next(csv.reader([text], delimiter=separator, strict=True))
            for _ in range(line_count - 1):
                ahead.popleft()
            return Record(line_number, line_count, text, fields)
        except csv.Error as error:
            if "unexpected end of data" not in str(error):
                return Record(line_number, 1, line, [], "misplaced_quote")
        if len(ahead) < line_count and (following := next(source, None)) is not None:
            ahead.append(following)
        if len(ahead) < line_count or isinstance(following := ahead[line_count - 1], bytes):
            break
        text = f"{text}\n{following}"
    return Record(line_number, 1, line, [], "unclosed_quote")
