"""Small datasets on which two engines could come to different answers.

Ties among ratings of one user and movie, missing and wrong values, texts of any kind, times at the
edges of what a timestamp holds, a single user, ratings without times.
"""

import csv
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from torture.inputs import TEXTS

USERS, RATINGS = 60, 6000

TITLES = (
    *TEXTS,
    *("Heat (1995)", "Heat (1995) ", " Heat (1995)", "Heat (95)", "Heat (1995–)", "Heat ((1995))"),
    *("2001 (1968)", "(2001)", "12 (٢٠٠١)", "Été (2003)", "été (2003)", "Ete (2003)", "ß (1990)"),
    *("SS (1990)", "\u212b (1990)", "Å (1990)", "🎬 (1999)", "a\tb (1999)", "trailing. (1999)..."),
    *("\xa0no-break\xa0 (1999)\xa0", "\u3000wide\u3000(1999)", "Seven (a.k.a. Se7en) (1995)"),
    *("", " ", "x'y", 'x"y', "x\\y", "x%y_z", "x|y", "null", "NaN", "0", "-0", "1e3"),
)

GENRES = (
    *("Drama", "Comedy|Drama", "Drama|Comedy", "(no genres listed)", "", "|", "None", "unknown"),
    *("Children's|Film-Noir", "sci-fi|Sci-Fi", "Drama|Drama", " Drama |Comedy", "IMAX|Ünïcode"),
)

TIMES = (
    *("1000000000", "1000000000", "788918400", "788918399", "0", "-1", "", "4102444800"),
    *("951782400", "951868799", "1078012800", "1483228799", "253402300799", "253402300800"),
    *("9223372036854775807", "-62135596801", "1e9", "nan", "1609459199", "1609459200"),
)

VALUES = (
    *(
        "0.5",
        "1",
        "1.5",
        "2",
        "2.5",
        "3",
        "3.5",
        "4",
        "4.5",
        "5",
        "5.0",
        "4.50",
        "3",
        "3",
        "4",
        "4",
    ),
    *("0", "5.5", "-1", "3.3", "", "nan", "inf", "1e400", "four", "3,5", "3.0000000001"),
)


def _tangled(folder: Path) -> None:
    """Write ratings of which many are repeated, tied, wrong or at an edge."""
    generator = random.Random(0)
    movies: list[tuple[object, str, str]] = [
        (number, title, generator.choice(GENRES)) for number, title in enumerate(TITLES, start=1)
    ]
    numbers = range(1, len(TITLES) + 1)
    # Repeated ids, and ids that are none
    movies += [(number, f"again {number}", "Drama") for number in numbers[:5]]
    movies += [("", "nobody", "Drama"), (0, "zero", "Drama"), (-3, "below", "Drama")]
    _write(folder / "movies.csv", ("movieId", "title", "genres"), movies)
    ratings = [
        (
            generator.choice([*range(1, USERS), *[7] * 20]),
            generator.choice([*numbers, *[3] * 20, 99_999]),
            # A few wrong ones among many that count
            generator.choice(VALUES if generator.random() < 0.2 else VALUES[:16]),
            generator.choice(TIMES if generator.random() < 0.3 else TIMES[:3]),
        )
        for _ in range(RATINGS)
    ]
    ratings += [("", 1, "3", "1000000000"), (0, 1, "3", "1000000000"), (-1, 1, "3", "1000000000")]
    columns = ("userId", "movieId", "rating", "timestamp")
    _write(folder / "ratings.csv", columns, ratings)
    _write(folder / "ratings-2.csv", columns, generator.sample(ratings, 500))
    _write(
        folder / "tags.csv",
        ("userId", "movieId", "tag", "timestamp"),
        [
            (1 + number % 9, 1 + number % 20, text, TIMES[number % 20])
            for number, text in enumerate(TITLES)
        ],
    )
    _write(
        folder / "links.csv",
        ("movieId", "imdbId", "tmdbId"),
        [
            (number, f"{number:07d}", "" if number % 3 else number)
            for number in [*numbers, 1, 1, 88_888]
        ],
    )


def _one_user(folder: Path) -> None:
    """Write ratings of a single user, with as many times as ratings."""
    _movies(folder)
    rows = [(1, movie, 0.5 + movie % 10 / 2, 1_000_000_000 + movie) for movie in range(1, 31)]
    _write(folder / "ratings.csv", ("userId", "movieId", "rating", "timestamp"), rows)


def _without_times(folder: Path) -> None:
    """Write ratings that have no times."""
    _movies(folder)
    rows = [
        (user, movie, 0.5 + user * movie % 10 / 2)
        for user in range(1, 31)
        for movie in range(1, 31)
    ]
    _write(folder / "ratings.csv", ("userId", "movieId", "rating"), rows)


def _movies(folder: Path) -> None:
    rows = [(movie, f"Movie {movie} ({1970 + movie})", GENRES[movie % 3]) for movie in range(1, 31)]
    _write(folder / "movies.csv", ("movieId", "title", "genres"), rows)


HOSTILE: dict[str, Callable[[Path], None]] = {
    "hostile": _tangled,
    "one-user": _one_user,
    "without-times": _without_times,
}
"""What writes a dataset into a folder, by the dataset's name."""


def write_hostile(name: str, folder: Path) -> Path:
    """Write one of the datasets into a folder of its name; returns that."""
    written = folder / name
    written.mkdir(parents=True, exist_ok=True)
    HOSTILE[name](written)
    return written


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
