"""Texts of data reach a terminal as texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.text import printable, quoted_short


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Amélie (2001)", "Amélie (2001)"),
        ("千と千尋の神隠し", "千と千尋の神隠し"),
        ("no\u00a0break", "no\u00a0break"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\nlines\r\x85\u2028", r"two\nlines\r\x85\u2028"),
        ("\u202eright to left", r"\u202eright to left"),
        ("\0\x9b", r"\x00\x9b"),
    ],
)
def test_only_what_steers_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_what_is_printable_stays(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert shown.splitlines() in ([], [shown])


def test_a_long_text_is_cut() -> None:
    assert quoted_short("short") == "'short'"
    assert quoted_short("x" * 61) == f"'{'x' * 59}…'"
    assert quoted_short("x" * 60) == f"'{'x' * 60}'"
