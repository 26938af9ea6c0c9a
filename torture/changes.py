"""Let a dataset live: files come, grow, are corrected and go; each build must be as if anew."""

import gzip
import random
import shutil
from pathlib import Path

from torture.lab import BrokenError, Lab, make
from warehouse.equality import differences

USER_COUNT, MOVIE_COUNT = 30, 40
FIRST_TIME = 1_000_000_000

ANY_SHARE = "{max_quarantined_pct: 100}"
"""Leave to refuse as many lines as it takes."""

COMPARED = ("raw.", "core.", "quality.", "analytics.")
"""Schemas of what a dataset holds, and of the answers that people query."""

OF_THE_BUILD = ("raw.changed_ratings", "quality.gate_results", "quality.test_results")
"""Relations among them that tell how a build came about."""

Files = dict[str, list[str]]


def same_content_by_changes(lab: Lab, *, last_alone: bool = False) -> None:
    """Build after each of a few changes, and compare with a build of everything.

    Args:
        lab: The lab, in whose folder the dataset lives.
        last_alone: Compare after the last change alone.
    """
    home = lab.folder / "changes"
    shutil.rmtree(home, ignore_errors=True)
    dataset = home / "dataset"
    changed, anew = home / "changed" / "w.duckdb", home / "anew" / "w.duckdb"
    for folder in (dataset, changed.parent, anew.parent):
        folder.mkdir(parents=True)
    states = lives(lab.generator)
    for number, files in enumerate(states, start=1):
        write(dataset, files)
        options = {"DATASET": dataset, "VARS": ANY_SHARE}
        lab.succeed(make("build", WAREHOUSE=changed, **options))
        if last_alone and number < len(states):
            continue
        lab.succeed(make("build", WAREHOUSE=anew, FULL=1, **options))
        found = [
            sentence
            for sentence in differences(changed, anew)
            if sentence.startswith(COMPARED) and not sentence.startswith(OF_THE_BUILD)
        ]
        if found:
            raise BrokenError(f"state {number} differs from a build anew: {'; '.join(found)}")


def lives(generator: random.Random) -> list[Files]:
    """Draw the states of a dataset: the lines of each file, without headers."""

    def ratings(count: int) -> list[str]:
        """Draw lines: some are of a movie that comes later, some too high, many rate again."""
        return [
            f"{generator.randint(1, USER_COUNT)},{generator.randint(1, MOVIE_COUNT + 1)},"
            f"{generator.choice([5.5] + [half / 2 for half in range(1, 11)] * 5)},"
            f"{FIRST_TIME + generator.randrange(10**8)}"
            for _ in range(count)
        ]

    movies = [
        f"{movie},Movie {movie} (19{50 + movie}),Drama|War" for movie in range(1, MOVIE_COUNT + 1)
    ]
    first = {"movies.csv": movies, "ratings.csv": ratings(1_000)}
    grown = first | {
        "ratings.csv": [*first["ratings.csv"], *ratings(50)],
        "ratings-2.csv": [*ratings(50), f"{USER_COUNT + 1},1,4.0,{FIRST_TIME}"],
    }
    corrected = grown | {
        "ratings-2.csv": [*ratings(5), *grown["ratings-2.csv"][::2]],
        "movies-2.csv": [f"{MOVIE_COUNT + 1},New (2021),War"],
    }
    removed = {name: lines for name, lines in corrected.items() if name != "ratings-2.csv"} | {
        "ratings-3.csv.gz": ratings(80)
    }
    return [first, grown, corrected, removed]


def write(folder: Path, files: Files) -> None:
    """Make a folder hold these files, and no others."""
    for path in folder.iterdir():
        path.unlink()
    for name, lines in files.items():
        is_movies = name.startswith("movies")
        header = "movieId,title,genres" if is_movies else "userId,movieId,rating,timestamp"
        text = "\n".join([header, *lines, ""]).encode()
        (folder / name).write_bytes(gzip.compress(text, mtime=0) if name.endswith("gz") else text)
