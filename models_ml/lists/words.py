"""Titles and reasons as people say them. Whoever only prints them need not import pandas."""

import re
from collections.abc import Sequence
from functools import cache


@cache
def readable_title(title: str) -> str:
    """Say a title as people do, the article first and without its other names.

    ``Seven Samurai, The (Shichinin no samurai) (1954)`` is ``The Seven Samurai (1954)``.
    """
    short = re.sub(r"(?<=\S) \(.+\)(?= \(\d{4}\)$)", "", title)
    return re.sub(r"^([^(]+), (The|An?|Les?|La|El|Il|Das|Der|Die)(?= \(|$)", r"\2 \1", short)


def reason(because: Sequence[tuple[str, float]]) -> str | None:
    """Say in words which movies a recommended one is recommended for.

    Args:
        because: Titles and ratings in stars of the movies that spoke for it most.

    Returns:
        Such as ``because you rated Heat (1995) 5.0 and Ronin (1998) 4.5``; ``None`` where no movie
        spoke for it: that it is popular, SQL says.
    """
    rated = [f"{readable_title(title)} {stars:.1f}" for title, stars in because]
    return f"because you rated {' and '.join(rated)}" if rated else None
