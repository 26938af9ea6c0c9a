"""Make texts from data safe to show where Streamlit reads Markdown."""

import re
import string

from models_ml.lists.listing import readable_title
from warehouse.text import printable

MARKS = re.compile(f"[{re.escape(string.punctuation)}]")

CALLS = re.compile(r":(?=[\w/\\])")
"""A colon that may begin the name of an emoji or a colour, or be that of an address."""

JOINER = "\N{WORD JOINER}"
"""Has no width. Behind such a colon it keeps Streamlit from reading more than text."""


def plain(text: str) -> str:
    """Write a text so that Markdown shows it as it is: no link, no image, no emphasis, no emoji."""
    escaped = MARKS.sub(r"\\\g<0>", " ".join(printable(text).split()))
    return CALLS.sub(f":{JOINER}", escaped)


def shown_title(title: str | None, movie_id: int) -> str:
    """Say a title as people do, in one line; a movie without one is named by its id."""
    return " ".join(printable(readable_title(title or f"movie {movie_id}")).split())


def shown_genres(genres: str) -> str:
    """Divide genres by commas."""
    return printable(genres.replace("|", ", "))


def stars(value: float | None) -> str:
    """Write a number of stars; nothing where there is none."""
    return "" if value is None else f"{value:.1f}"
