"""The page that a person reads: ratings and recommendations in 80 columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from models_ml.lists.words import readable_title
from warehouse.text import printable

WIDTH = 80
"""Columns of a page, whatever the terminal's, so that it looks the same in a file."""

GENRES = 22
"""Columns of a movie's genres."""


@dataclass(frozen=True)
class Rated:
    """A rating and what was predicted of it.

    Attributes:
        rating: In stars.
        prediction: In stars; ``None`` without a model that predicts.
        title: The movie's title as the warehouse has it.
        genres: Its genres, divided by ``|``.
        rated_at: When, in UTC; ``None`` where that is not known.
    """

    rating: float
    prediction: float | None
    title: str
    genres: str
    rated_at: datetime | None = None


@dataclass(frozen=True)
class Suggestion:
    """A movie to see.

    Attributes:
        rank: Its place, from 1.
        title: Its title as the warehouse has it.
        genres: Its genres, divided by ``|``.
        reason: Why, in words.
        prediction: The predicted rating in stars; ``None`` where nothing predicts.
        lower_bound: The lower end of its interval in stars; ``None`` without an interval.
        upper_bound: The upper end.
    """

    rank: int
    title: str
    genres: str
    reason: str
    prediction: float | None = None
    lower_bound: float | None = None
    upper_bound: float | None = None


def rated_table(ratings: Sequence[Rated], count: int) -> Group:
    """Lay out ratings, given in the order to show, of ``count`` in all."""
    highest = f"The {len(ratings)} highest of " if len(ratings) < count else ""
    counted = "1 rating" if count == 1 else f"{count:,} ratings"
    return Group(
        Text(f"{highest}{counted}, beside what is predicted", style="bold"),
        _line("rated  predicted", "title", "genres", "dim"),
        *(
            _line(f"{rated.rating:>5.1f}  {_stars(rated.prediction):>9}", rated.title, rated.genres)
            for rated in ratings
        ),
    )


def suggestion_table(suggestions: Sequence[Suggestion], heading: str) -> Group:
    """Lay out movies to see, each with its reason below."""
    ranks = [f"{suggestion.rank:>2}" for suggestion in suggestions]
    predictions = [_prediction(suggestion) for suggestion in suggestions]
    width = max((len(prediction) for prediction in predictions), default=0)
    head = " #" + ("  " + "predicted".ljust(width) if width else "")
    parts: list[Text | Padding] = [
        Text(heading, style="bold"),
        _line(head, "title", "genres", "dim"),
    ]
    for suggestion, rank, prediction in zip(suggestions, ranks, predictions, strict=True):
        first = rank + ("  " + prediction.ljust(width) if width else "")
        parts.append(_line(first, suggestion.title, suggestion.genres))
        reason = Text(printable(suggestion.reason), style="dim")
        parts.append(Padding(reason, (0, 0, 0, 4), expand=False))
    return Group(*parts)


def _prediction(suggestion: Suggestion) -> str:
    low, high = suggestion.lower_bound, suggestion.upper_bound
    interval = "" if low is None or high is None else f" ({low:.1f}-{high:.1f})"
    return _stars(suggestion.prediction) + interval


def _line(first: str, title: str, genres: str, style: str = "") -> Text:
    titles = WIDTH - len(first) - GENRES - 4
    cells = (
        first,
        _cut(printable(readable_title(title)), titles),
        _cut(printable(genres.replace("|", ", ")), GENRES),
    )
    return Text("  ".join(cells).rstrip(), style=style)


def _stars(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _cut(text: str, width: int) -> str:
    """Bring a text to a width in columns, with an ellipsis where something is left out."""
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1).rstrip() + "…"
    return set_cell_size(text, width)
