"""Texts from data are shown as they are."""

import re

import pytest

from explorer.text import JOINER, plain, shown_genres, shown_title, stars


@pytest.mark.parametrize("mark", "\\`*[]<~$_")
def test_marks_of_markdown_are_escaped(mark: str) -> None:
    assert plain(f"a {mark} b") == f"a \\{mark} b"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("# a # b", r"\# a # b"),
        ("- a", r"\- a"),
        ("+ a", r"\+ a"),
        ("> a > b", r"\> a > b"),
        ("===", r"\==="),
        ("1. a 1. b", r"1\. a 1. b"),
        ("101) a", r"101\) a"),
        ("123456789. a", r"123456789\. a"),
        ("&lt; &#60; a & b", r"\&lt; \&#60; a & b"),
        ("_a_ user_id", r"\_a\_ user_id"),
    ],
)
def test_marks_that_count_in_some_places_are_escaped_there(text: str, escaped: str) -> None:
    assert plain(text) == escaped


def test_what_markdown_shows_is_the_text() -> None:
    text = "<b> *x* [l](u) $x^2$ `c` ~~s~~ |a| # h 1. - 'ü' 100% \\n"
    assert re.sub(r"\\(.)", r"\1", plain(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *(":smile:", ":red[x]", ":material/home:", "https://a.b", ":+1:", ":-1:"),
        *("a@b.example", "www.a.example", "WWW.a.example"),
        *("a -> b", "a <- b", "a <-> b", "a -- b", "a >= b", "a <= b", "a ~= b"),
    ],
)
def test_what_streamlit_would_replace_is_parted(text: str) -> None:
    parted = plain(text)
    assert JOINER in parted
    assert parted.replace("\\", "").replace(JOINER, "") == text


@pytest.mark.parametrize(
    "title",
    [
        *("Alien: Covenant (2017)", "X-Men (2000)", "Airplane! (1980)", "Roger & Me (1989)"),
        *("What's Eating Gilbert Grape (1993)", "Monsters, Inc. (2001)", "2001: A Space Odyssey"),
        *("Amélie (2001)", "8 1/2 (1963)", "Se7en @ home", "user_movie_biases", "0.837"),
    ],
)
def test_ordinary_texts_stay_as_they_are(title: str) -> None:
    """Streamlit reads labels as Markdown, and hands them to screen readers as they are."""
    assert plain(title) == title


def test_a_text_is_one_line_and_steers_nothing() -> None:
    assert plain("a\n\n# b\tc") == r"a\\n\\n# b\\tc"
    assert "\x1b" not in plain("\x1b[31m")


def test_titles_genres_and_stars_are_said_as_people_do() -> None:
    assert shown_title("Godfather, The (1972)", 1) == "The Godfather (1972)"
    assert shown_title(None, 7) == shown_title("", 7) == "movie 7"
    assert shown_genres("Crime|Film-Noir") == "Crime, Film-Noir"
    assert (stars(None), stars(4.25)) == ("", "4.2")
