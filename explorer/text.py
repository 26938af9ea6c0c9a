"""Make texts from data safe to show where Streamlit reads Markdown."""

import re

from models_ml.lists.words import readable_title
from warehouse.text import printable

MARKS = re.compile(
    r"[\\`*\[\]<~$]"  # code, emphasis, links, HTML, strokes and formulas
    r"|(?<!\w)_|_(?!\w)"  # emphasis; between letters this is a letter
    r"|&(?=#?\w+;)"  # signs by name
    r"|^[#>+=-]"  # headings, quotes and lists
)
"""What Markdown would read. Other marks stay: screen readers would hear the escapes of a label."""

NUMBER = re.compile(r"^(\d+)([.)])(?= |$)")
"""What begins a list with numbers."""

JOINER = "\N{WORD JOINER}"
"""Has no width. It parts what Streamlit would otherwise replace, escaped or not."""

REPLACED = re.compile(
    r"(?<=:)(?=[\w/+-])"  # names of emoji, icons and colours, and addresses
    r"|(?<=\w@)(?=\w)|(?<=www)(?=\.)"  # addresses without a colon
    r"|(?<=-)(?=[->])|(?<=<)(?=-)|(?<=[<>~])(?==)",  # arrows, dashes and other signs
    re.IGNORECASE,
)
"""Where such things begin."""


def plain(text: str) -> str:
    """Write a text so that Markdown shows it as it is: no link, no image, no emphasis, no emoji."""
    line = " ".join(printable(text).split())
    escaped = MARKS.sub(r"\\\g<0>", REPLACED.sub(JOINER, line))
    return NUMBER.sub(r"\1\\\2", escaped)


def shown_title(title: str | None, movie_id: int) -> str:
    """Say a title as people do, in one line; a movie without one is named by its id."""
    return " ".join(printable(readable_title(title or f"movie {movie_id}")).split())


def shown_genres(genres: str) -> str:
    """Divide genres by commas."""
    return printable(genres.replace("|", ", "))


def stars(value: float | None) -> str:
    """Write a number of stars; nothing where there is none."""
    return "" if value is None else f"{value:.1f}"
