"""Find movies by titles as people write them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

SURE = 88
"""A best match below this score is only a guess."""

MARGIN = 5
"""A match within this of the best one fits about equally well."""

WORDS = 90
"""The score of a title that has all words asked for, and others too."""

YEAR_OFF = 4
OTHER_YEAR = 15
OTHER_NUMBER = 15
"""What a year that is one off, another year, and a name without a number asked for take off."""

ARTICLES = {"a", "an", "the"}
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}


@dataclass(frozen=True)
class Movie:
    """A movie that a title may mean.

    Attributes:
        movie_id: Its id.
        title: Its title as the warehouse has it.
        rating_count: How many people rated it.
    """

    movie_id: int
    title: str
    rating_count: int


@dataclass(frozen=True)
class Match:
    """A movie and how well its title fits, 0 to 100; 100 is the same but for case and articles."""

    movie: Movie
    score: float


def read_movies(connection: duckdb.DuckDBPyConnection) -> list[Movie]:
    """Take the movies of a warehouse, in the order of their ids; some may have no title."""
    return [
        Movie(*row)
        for row in connection.execute(
            "select movie_id, coalesce(movies.title, ''), coalesce(rating_count, 0)"
            " from core.dim_movies as movies"
            " left join analytics.most_rated_movies using (movie_id) order by movie_id"
        ).fetchall()
    ]


class Titles:
    """The titles of a warehouse, to search.

    A title fits by how few letters differ (the normalised edit distance of rapidfuzz's ``ratio``)
    or, slightly less well, by having all of the words asked for. Neither case, accents,
    punctuation and articles matter, nor whether a sequel's number is Roman. Movies of another year
    or without a number that is asked for fit less.
    """

    def __init__(self, movies: Sequence[Movie]) -> None:
        """Take the titles apart, each into its names and its year."""
        self.movies = movies
        parts = [_names_and_year(movie.title) for movie in movies]
        # Each title needs a name, as each range of names needs one.
        parts = [(names or [""], year) for names, year in parts]
        self._names = [name for names, _ in parts for name in names]
        self._words = [set(name.split()) for name in self._names]
        self._lengths = np.array([len(name) for name in self._names])
        self._starts = np.cumsum([0, *(len(names) for names, _ in parts[:-1])])
        self._years = np.array([year or 0 for _, year in parts])
        self._counts = np.array([movie.rating_count for movie in movies])

    def search(self, title: str, n: int = 5) -> list[Match]:
        """Find the movies whose titles fit best.

        Args:
            title: The title that a person wrote, with a year or without.
            n: Matches at most.

        Returns:
            The best matches, best first; of equal ones the most rated first.
        """
        readings = _readings(title)
        if not self.movies or not readings:
            return []
        scores = np.max([self._scores(name, year) for name, year in readings], axis=0)
        best = np.lexsort((-self._counts, -scores))[:n]
        return [Match(self.movies[place], float(scores[place])) for place in best]

    def _scores(self, name: str, year: int | None) -> NDArray[np.float64]:
        letters = cdist([name], self._names, scorer=fuzz.ratio)[0]
        words = cdist([name], self._names, scorer=fuzz.token_set_ratio)[0] * WORDS / 100
        # A title that is but a part of what was asked for has not all of its words.
        of_names = np.maximum(letters, np.where(self._lengths > len(name), words, 0))
        if numbers := {word for word in name.split() if word.isdecimal()}:
            lack = np.array([not numbers <= of_name for of_name in self._words])
            of_names = of_names - OTHER_NUMBER * lack
        scores = np.maximum.reduceat(of_names.astype(np.float64), self._starts)
        if year:
            off = np.abs(self._years - year)
            scores -= np.select([off == 0, off == 1], [0, YEAR_OFF], OTHER_YEAR)
        return scores


def sure(matches: Sequence[Match]) -> Movie | None:
    """Tell which movie a title means, if that is beyond doubt.

    It is not where the best match is weak, where others fit about equally well, such as remakes,
    or where a title with all of the words, such as a sequel's, is more than twice as well known.

    Args:
        matches: The best matches, best first.

    Returns:
        The movie, or ``None`` where somebody has to be asked.
    """
    if not matches or matches[0].score < SURE:
        return None
    best, *others = matches
    for other in others:
        is_better_known = other.movie.rating_count > 2 * best.movie.rating_count
        if other.score >= best.score - MARGIN or (other.score >= WORDS and is_better_known):
            return None
    return best.movie


def plain(name: str) -> str:
    """Reduce a name to what has to agree: ``The Godfather: Part II`` to ``godfather part 2``."""
    letters = name.casefold()
    if not letters.isascii():
        decomposed = unicodedata.normalize("NFKD", letters)
        letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    words = re.findall(r"\w+", re.sub(r"['’`]", "", letters).replace("&", " and "))
    kept = [word for word in words if word not in ARTICLES] or words
    return " ".join(ROMAN.get(word, word) for word in kept) or name.strip()


def _names_and_year(title: str) -> tuple[list[str], int | None]:
    """Take a title apart: all of it, its name, its other names in brackets, and its year."""
    match = re.fullmatch(r"(.*)\((\d{4})\)", title.strip())
    bare, year = (match[1], int(match[2])) if match else (title, None)
    parts = [bare, *(re.split(r"\((?:a\.k\.a\.)?([^()]*)\)", bare) if "(" in bare else [])]
    # Behind brackets there may be a mere article, as in `Love (Amore), The`.
    names = [part for part in parts if part.strip() and not part.strip().startswith(",")]
    return list(dict.fromkeys(plain(_article_first(name)) for name in names)), year


def _readings(title: str) -> list[tuple[str, int | None]]:
    """Tell what a written title may mean: a number at its end may be a year or be of the name."""
    names, year = _names_and_year(title)
    readings = [(names[0], year)] if names else []
    if year is None and names and (match := re.fullmatch(r"(.+) ((?:18|19|20)\d\d)", names[0])):
        readings.append((match[1], int(match[2])))
    return readings


def _article_first(name: str) -> str:
    """Put ``Vita è bella, La`` as ``La Vita è bella``."""
    return re.sub(r"^(.+), (The|An?|Les?|La|El|Il|Das|Der|Die|L')$", r"\2 \1", name.strip())
