"""The ratings of somebody new: a CSV file with titles or movie ids."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models_ml.recommend.titles import Match, Movie, Titles, sure
from warehouse.errors import UserError
from warehouse.text import printable, quoted_short

SHOWN = 5
"""Movies that are offered where a title is not clear."""

POSSIBLE = 60
BEHIND = 20
"""A match below this score, or so far behind the best one, is not worth offering."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
ID = re.compile(r"\d{1,19}")
"""What a rating and an id look like; Python would read more, such as ``4_5``."""

Ask = Callable[[str, Sequence[Match]], Movie | None]
"""Asks a person which movie a line means: its place and text, and what it may be."""


@dataclass(frozen=True)
class Line:
    """A line of the file.

    Attributes:
        place: File and line, for messages.
        movie_id: The movie's id as written; empty where the title has to tell.
        title: The title as written.
        rating: The rating as written.
    """

    place: str
    movie_id: str
    title: str
    rating: str


def read_lines(path: Path) -> list[Line]:
    """Read a file of ratings: a header, then one rating per line.

    Args:
        path: A CSV file in UTF-8 with the column ``rating``, and ``title`` or ``movieId`` or both.

    Returns:
        Its lines, without empty ones.

    Raises:
        UserError: The file cannot be read, has no header, or lacks a column.
    """
    file = io.StringIO(_read_text(path), newline="")
    reader = csv.reader(file, strict=True, skipinitialspace=True)
    try:
        columns = [_column(name) for name in next(reader, [])]
        _check(path, columns)
        return [
            _line(f"{path}, line {reader.line_num}", columns, cells)
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not CSV: {error}.") from error


def resolve(
    lines: Sequence[Line],
    movies: Sequence[Movie],
    scale: tuple[float, float],
    ask: Ask | None = None,
) -> dict[int, float]:
    """Find out which movies the lines rate.

    Args:
        lines: The lines of a file.
        movies: The movies of the warehouse that have a title, to search; ids are checked too.
        scale: The lowest and the highest rating, in stars.
        ask: Asks a person about a title that is not clear; the line is left out where the answer
            is ``None``. Without it such a title is an error.

    Returns:
        Ratings in stars by movie, in the order of the lines.

    Raises:
        UserError: Lines break a rule; the message names each with what is wrong.
    """
    by_id = {movie.movie_id: movie for movie in movies}
    titles = Titles([movie for movie in movies if movie.title]) if _need_titles(lines) else None
    ratings: dict[int, float] = {}
    places: dict[int, str] = {}
    problems = []
    for line in lines:
        try:
            rating = _rating(line, scale)
            movie = _movie(line, by_id, titles, ask)
            if movie is None:
                continue
            if movie.movie_id in places:
                name = printable(movie.title) or f"movie {movie.movie_id}"
                raise UserError(
                    f"{line.place}: {name} is rated twice, first in {places[movie.movie_id]}:"
                    " keep one."
                )
            ratings[movie.movie_id], places[movie.movie_id] = rating, line.place
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return ratings


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path}, line {number}: not a text in UTF-8: save the file as CSV in UTF-8."
        ) from error


def _column(name: str) -> str:
    return name.strip().casefold().replace("_", "")


def _check(path: Path, columns: Sequence[str]) -> None:
    expected = "the first line names the columns: rating, and title or movieId or both"
    if not columns:
        raise UserError(f"{path} is empty: {expected}.")
    if "rating" not in columns or not {"title", "movieid"} & set(columns):
        raise UserError(
            f"{path}, line 1: {expected}; here it is {quoted_short(', '.join(columns))}."
        )
    if twice := [name for name, count in Counter(columns).items() if name and count > 1]:
        raise UserError(f"{path}, line 1: it has the column {quoted_short(twice[0])} twice.")


def _line(place: str, columns: Sequence[str], cells: Sequence[str]) -> Line:
    if len(cells) != len(columns):
        raise UserError(
            f"{place}: {len(cells)} values where there are {len(columns)} columns;"
            " a title with a comma stands in double quotes."
        )
    values: Mapping[str, str] = dict(zip(columns, map(str.strip, cells), strict=True))
    return Line(place, values.get("movieid", ""), values.get("title", ""), values["rating"])


def _need_titles(lines: Sequence[Line]) -> bool:
    return any(not line.movie_id for line in lines)


def _rating(line: Line, scale: tuple[float, float]) -> float:
    low, high = scale
    rating = float(line.rating) if NUMBER.fullmatch(line.rating) else math.nan
    if not low <= rating <= high:
        raise UserError(
            f"{line.place}: the rating {quoted_short(line.rating)} is not a number of stars from"
            f" {low} to {high}."
        )
    return rating


def _movie(
    line: Line, by_id: Mapping[int, Movie], titles: Titles | None, ask: Ask | None
) -> Movie | None:
    if line.movie_id:
        movie = by_id.get(int(line.movie_id)) if ID.fullmatch(line.movie_id) else None
        if movie is None:
            raise UserError(
                f"{line.place}: the warehouse has no movie {quoted_short(line.movie_id)}."
            )
        return movie
    if not line.title or titles is None:
        raise UserError(f"{line.place}: there is neither a title nor a movieId.")
    found = titles.search(line.title, SHOWN)
    least = max([POSSIBLE, *(match.score - BEHIND for match in found[:1])])
    matches = [match for match in found if match.score >= least]
    if not matches:
        raise UserError(f"{line.place}: no title is like {quoted_short(line.title)}.")
    movie = sure(matches)
    if movie is not None:
        return movie
    if ask is None:
        offered = "".join(
            f"\n  {match.movie.movie_id:>8}  {printable(match.movie.title)}" for match in matches
        )
        raise UserError(
            f"{line.place}: {quoted_short(line.title)} is not clear: write the movieId or the title"
            f" with its year. It may be:{offered}"
        )
    return ask(f"{line.place}: {line.title}", matches)
