"""What the models that make lists of movies share: popularity, histories, selection, reasons."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.ids import Ids, codes_of, ids_of
from models_ml.fitting.recipe import Task

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LENGTH = 20
"""Movies in a list."""

BLOCK = 512
"""Users whose scores of all movies are in memory at once."""

Rated = Mapping[tuple[int, int], float]
"""Stars by user and movie."""


def popularity(rows: pd.DataFrame, liked_from: float) -> pd.DataFrame:
    """Count ratings and likes of each movie, the most liked movie first.

    Args:
        rows: Ratings: ``movie_id``, ``rating`` in stars.
        liked_from: The stars from which on a movie is liked.

    Returns:
        One row per movie: ``movie_id``, ``like_count``, ``rating_count``, ``mean_rating``; movies
        with as many likes by number of ratings, then by id.
    """
    counts = (
        rows.assign(is_liked=rows["rating"] >= liked_from)
        .groupby("movie_id", as_index=False)
        .agg(
            like_count=("is_liked", "sum"),
            rating_count=("rating", "size"),
            mean_rating=("rating", "mean"),
        )
    )
    return counts.sort_values(
        ["like_count", "rating_count", "movie_id"],
        ascending=[False, False, True],
        ignore_index=True,
    )


def blocks(user_ids: Ids) -> list[Ids]:
    """Divide users into blocks, in their order."""
    return [user_ids[start : start + BLOCK] for start in range(0, len(user_ids), BLOCK)]


def blocks_of_pairs(X: Ids, movie_ids: Ids) -> Iterator[tuple[Ids, Ids, Ids, Ids]]:  # noqa: N803
    """Divide pairs of users and movies by blocks of users.

    Args:
        X: Ids, shape (pairs, 2): a user's and a movie's in each row.
        movie_ids: The known movies, shape (movies,); pairs of other movies are left out.

    Yields:
        For each block its users, ascending, and for each pair of them: its row in ``X``, its user
        as a position in the block, and its movie as a position in ``movie_ids``.
    """
    users = np.unique(X[:, 0])
    rows, columns = codes_of(X[:, 0], users), codes_of(X[:, 1], movie_ids)
    for number, block in enumerate(blocks(users)):
        (pairs,) = np.nonzero((rows // BLOCK == number) & (columns < len(movie_ids)))
        yield block, pairs, rows[pairs] % BLOCK, columns[pairs]


def histories(
    users: NDArray[np.int64], movies: NDArray[np.int64], stars: NDArray[np.float64], n_movies: int
) -> "csr_array":
    """Put ratings into a matrix of users and movies.

    Args:
        users: Each rating's user, a row of the matrix, shape (ratings,); the last row is the
            greatest of them.
        movies: Each rating's movie, a column of the matrix; those from ``n_movies`` on are left
            out.
        stars: The ratings.
        n_movies: Number of columns.

    Returns:
        Stars, shape (users, movies), sparse.
    """
    from scipy.sparse import csr_array

    is_known = movies < n_movies
    cells = (users[is_known], movies[is_known])
    shape = (int(users.max(initial=-1)) + 1, n_movies)
    return csr_array((stars[is_known].astype(np.float32), cells), shape=shape)


def top_n(
    scores: NDArray[np.float32], seen: "csr_array", n: int = LENGTH
) -> list[NDArray[np.int64]]:
    """Choose each user's best movies among those not seen.

    Equal scores keep the order of the columns, so the result does not depend on how many users
    are asked for together.

    Args:
        scores: Scores, shape (users, movies); overwritten where seen.
        seen: A matrix of the same shape that stores an entry for each movie seen.
        n: Movies per user.

    Returns:
        Columns for each user, best first: ``n``, or fewer where fewer are unseen.
    """
    rows = np.repeat(np.arange(len(scores)), np.diff(seen.indptr))
    scores[rows, seen.indices] = -np.inf
    n = min(n, scores.shape[1])
    # The n-th best score; all with it or a better one are candidates, in the columns' order.
    limits = -np.partition(-scores, n - 1, axis=1)[:, n - 1] if n else np.zeros(len(scores))
    chosen = []
    for row, limit in zip(scores, limits, strict=True):
        candidates = np.flatnonzero((row >= limit) & (row > -np.inf))
        chosen.append(candidates[np.argsort(-row[candidates], kind="stable")][:n])
    return chosen


def list_users(task: Task) -> Ids:
    """Tell who gets a list: everybody with test rows or, in a serving fit, everybody."""
    parts = task.parts
    asked = [parts.train, parts.validation] if task.protocol == "serving" else [parts.test]
    return np.unique(np.concatenate([rows["user_id"].to_numpy(np.int64) for rows in asked]))


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


def titles_of(movies: pd.DataFrame) -> dict[int, str]:
    """Name each movie of ``core.dim_movies``; one without a title by its id."""
    titles = movies["title"].fillna("movie " + movies["movie_id"].astype(str))
    return dict(zip(movies["movie_id"].tolist(), titles.tolist(), strict=True))


def reasons(lists: pd.DataFrame, rated: Rated, titles: Mapping[int, str]) -> list[str | None]:
    """Give each row of lists its reason.

    Args:
        lists: ``user_id``, and ``because``, the ids of movies that spoke for the row's movie.
        rated: The ratings that the reasons name.
        titles: Titles by movie.
    """
    return [
        reason([(titles[cause], rated[user, cause]) for cause in because])
        for user, because in zip(lists["user_id"].tolist(), lists["because"], strict=True)
    ]


def recommendations(task: Task, lists: pd.DataFrame) -> pd.DataFrame:
    """Make rows of ``ml.recommendations``: with reasons in a serving fit, else without.

    Args:
        task: The fit, with the mart ``core.dim_movies``.
        lists: ``user_id``, ``rank``, ``movie_id``, ``score``, ``because``.
    """
    rows = lists.drop(columns="because")
    if task.protocol != "serving":
        return rows.assign(reason=None)
    ratings = pd.concat([task.parts.train, task.parts.validation], ignore_index=True)
    rated = dict(zip(map(tuple, ids_of(ratings).tolist()), ratings["rating"], strict=True))
    titles = titles_of(task.marts["core.dim_movies"])
    return rows.assign(reason=pd.Series(reasons(lists, rated, titles), rows.index))
