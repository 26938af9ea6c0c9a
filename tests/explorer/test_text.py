"""Texts from data are shown as they are."""

import re
import string

import pytest

from explorer.text import JOINER, plain, shown_genres, shown_title, stars


@pytest.mark.parametrize("mark", string.punctuation)
def test_each_mark_is_escaped(mark: str) -> None:
    assert plain(f"a {mark} b") == f"a \\{mark} b"


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


@pytest.mark.parametrize("text", ["Alien: Covenant (2017)", "X-Men (2000)", "Se7en @ home"])
def test_ordinary_titles_have_no_joiner(text: str) -> None:
    assert JOINER not in plain(text)


def test_a_text_is_one_line_and_steers_nothing() -> None:
    assert plain("a\n\n# b\tc") == r"a\\n\\n\# b\\tc"
    assert "\x1b" not in plain("\x1b[31m")


def test_titles_genres_and_stars_are_said_as_people_do() -> None:
    assert shown_title("Godfather, The (1972)", 1) == "The Godfather (1972)"
    assert shown_title(None, 7) == shown_title("", 7) == "movie 7"
    assert shown_genres("Crime|Film-Noir") == "Crime, Film-Noir"
    assert (stars(None), stars(4.25)) == ("", "4.2")
