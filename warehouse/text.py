"""Make texts from data safe to print."""

import unicodedata

STEERING = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of Unicode that steer a terminal or break a line: controls and separators."""

TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Classes of Unicode characters that change the direction of the text after them."""


def printable(text: str) -> str:
    r"""Write characters that would steer a terminal as escapes, such as ``\x1b``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(repr(c)[1:-1] if _steers(c) else c for c in text)


def quoted_short(text: str, length: int = 60) -> str:
    """Quote a text for a message, printable and cut to a length in characters."""
    cut = text if len(text) <= length else text[: length - 1] + "…"
    return repr(cut)


def _steers(character: str) -> bool:
    return (
        unicodedata.category(character) in STEERING
        or unicodedata.bidirectional(character) in TURNING
    )
