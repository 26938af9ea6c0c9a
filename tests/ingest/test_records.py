"""How lines become records: the fields of each, or the rule that it broke."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.records import MAX_RECORD_LINES, Record, split_records


def split(*lines: str | bytes) -> list[Record]:
    return list(split_records(lines, separator=",", is_quoted=True))


def errors(records: list[Record]) -> list[tuple[int, str | None]]:
    return [(record.line_number, record.error) for record in records]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("1,Heat (1995),Crime", ["1", "Heat (1995)", "Crime"]),
        ('1,"Heat, The (1995)",Crime', ["1", "Heat, The (1995)", "Crime"]),
        ('1,"The ""Net""",Crime', ["1", 'The "Net"', "Crime"]),
        ('1,The "Net",Crime', ["1", 'The "Net"', "Crime"]),
        ('"1","",""', ["1", "", ""]),
        (",,", ["", "", ""]),
        ("1, Heat ,Crime ", ["1", " Heat ", "Crime "]),
        ("1,\x85\u2028\x1c,Crime", ["1", "\x85\u2028\x1c", "Crime"]),
    ],
)
def test_a_line_of_csv_has_the_fields_that_rfc_4180_gives_it(line: str, fields: list[str]) -> None:
    assert split(line) == [Record(1, 1, line, fields)]


@pytest.mark.parametrize("separator", ["::", "\t", "|"])
def test_without_quotes_a_line_is_split_at_each_separator(separator: str) -> None:
    line = separator.join(["1", '"Heat', "19:95", ""])
    (record,) = split_records([line], separator=separator, is_quoted=False)
    assert record == Record(1, 1, line, ["1", '"Heat', "19:95", ""])


def test_a_quoted_field_may_span_lines() -> None:
    first, second, third = split("1,one,a", '2,"two', "", 'and, ""more""",b', "3,three,c")
    assert (first.line_number, third.line_number) == (1, 5)
    assert second == Record(2, 3, '2,"two\n\nand, ""more""",b', ["2", 'two\n\nand, "more"', "b"])


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "blank_line"),
        (" \t ", "blank_line"),
        ("1,He\0at,Crime", "null_character"),
        (b"1,H\xe9at,Crime", "invalid_utf8"),
        ('1,"He"at,Crime', "misplaced_quote"),
        ('1,"Heat" ,Crime', "misplaced_quote"),
        ('1,"Heat,Crime', "unclosed_quote"),
        ('1,Heat,"', "unclosed_quote"),
    ],
)
def test_a_broken_line_costs_no_other(line: str | bytes, error: str) -> None:
    good = "1,one,a"
    records = split(good, line, good, good)
    assert errors(records) == [(1, None), (2, error), (3, None), (4, None)]
    assert records[1].fields == []
    assert records[1].text == (line if isinstance(line, str) else r"1,H\xe9at,Crime")


def test_a_stray_quote_that_meets_another_costs_its_own_line_alone() -> None:
    assert errors(split('1,"one,a', "2,two,b", '3,"three",c')) == [
        (1, "misplaced_quote"),
        (2, None),
        (3, None),
    ]


def test_an_open_quote_does_not_reach_over_a_line_that_is_not_text() -> None:
    assert errors(split('1,"one', b"\xff", 'two",a')) == [
        (1, "unclosed_quote"),
        (2, "invalid_utf8"),
        (3, None),
    ]


@pytest.mark.parametrize(
    ("line_count", "error"), [(MAX_RECORD_LINES, None), (MAX_RECORD_LINES + 1, "unclosed_quote")]
)
def test_a_quoted_field_ends_within_so_many_lines(line_count: int, error: str | None) -> None:
    lines = ['1,"one', *("more" for _ in range(line_count - 2)), 'last",a']
    assert errors(split(*lines))[0] == (1, error)


def test_a_field_may_be_as_long_as_a_line() -> None:
    title = "x" * 2_000_000
    assert split(f'1,"{title}",a')[0].fields == ["1", title, "a"]


def test_no_lines_are_no_records() -> None:
    assert split() == []


lines = st.text(st.sampled_from('a,"" \0é')) | st.binary(max_size=3) | st.text(max_size=20)


@given(st.lists(lines, max_size=40), st.booleans())
def test_each_line_belongs_to_one_record(lines: list[str | bytes], is_quoted: bool) -> None:
    next_line = 1
    for record in split_records(lines, separator=",", is_quoted=is_quoted):
        assert record.line_number == next_line
        assert record.line_count == 1 or record.error is None
        assert (record.error is None) == bool(record.fields)
        next_line += record.line_count
    assert next_line == len(lines) + 1


fields = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)
rows = st.lists(fields, min_size=2, max_size=4)


@given(st.lists(rows))
def test_what_csv_writes_is_read_back(rows: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    records = split(*written.getvalue().split("\n")[:-1])
    assert [record.fields for record in records] == rows
    assert "".join(record.text + "\n" for record in records) == written.getvalue()
