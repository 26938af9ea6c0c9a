"""What the models that make lists of movies share: popularity, histories, selection, reasons."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.ids import Ids, codes_of
from models_ml.fitting.recipe import Task
from models_ml.lists.words import reason

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LENGTH = 20
"""Movies in a list."""

BLOCK = 512
"""Users whose scores of all movies are in memory at once."""

StarsOf = Callable[[Ids, Ids], NDArray[np.floating]]
"""Gives the stars of users, shape (ratings,), for movies that they rated, of that shape."""


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


@dataclass(frozen=True)
class Chosen:
    """Movies chosen for the users of a block, user after user, best first.

    Attributes:
        rows: Each one's user, as a position in the block, shape (chosen,).
        movies: The movies as columns, shape (chosen,).
        ranks: Their ranks among the user's, from 1, shape (chosen,).
    """

    rows: NDArray[np.int64]
    movies: NDArray[np.int64]
    ranks: NDArray[np.int64]


def top_n(scores: NDArray[np.float32], seen: "csr_array", n: int = LENGTH) -> Chosen:
    """Choose each user's best movies among those not seen.

    Equal scores keep the order of the columns, so the result does not depend on how many users
    are asked for together.

    Args:
        scores: Scores, shape (users, movies); overwritten where seen.
        seen: A matrix of the same shape that stores an entry for each movie seen.
        n: Movies per user; fewer are chosen where fewer are unseen.
    """
    scores[positions(seen)] = -np.inf
    users, movies = scores.shape
    last = max(movies - n, 0)
    # The n-th best score; all with it or a better one are candidates, in the columns' order.
    limits = np.partition(scores, last, axis=1)[:, last] if movies else np.zeros(users, np.float32)
    limits = np.maximum(limits, np.finfo(np.float32).min)
    rows, columns = np.nonzero(scores >= limits[:, None])
    return best(rows, columns, scores[rows, columns], n)


def best(
    rows: NDArray[np.int64], columns: NDArray[np.int64], scores: NDArray[np.floating], n: int
) -> Chosen:
    """Choose each user's best candidates, of equal ones those that come first.

    Args:
        rows: Each candidate's user, ascending, shape (candidates,).
        columns: The candidates, shape (candidates,).
        scores: Their scores, shape (candidates,).
        n: Movies per user.
    """
    order = np.lexsort((-scores, rows))
    rows = rows[order]
    ranks = np.arange(len(rows)) - np.searchsorted(rows, rows) + 1
    is_best = ranks <= n
    return Chosen(rows[is_best], columns[order[is_best]], ranks[is_best])


def first_unseen(seen: "csr_array", n: int) -> Chosen:
    """Choose each user's first n columns that are not seen."""
    width = columns_to_score(0, seen, n)
    is_seen = np.zeros((seen.shape[0], width), bool)
    is_seen[positions(seen[:, :width])] = True
    ranks = np.cumsum(~is_seen, axis=1)
    rows, columns = np.nonzero(~is_seen & (ranks <= n))
    return Chosen(rows, columns, ranks[rows, columns])


def columns_to_score(modelled: int, seen: "csr_array", n: int) -> int:
    """Tell of how many first columns n movies can be chosen as if of all.

    Columns are in the order of popularity, and those after the modelled ones all score 0. Of
    these only the first n that a user has not seen can be among the user's best.
    """
    most_seen = int(np.diff(seen.indptr).max(initial=0))
    return int(min(modelled + n + most_seen, seen.shape[1]))


def positions(matrix: "csr_array") -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give rows and columns of a sparse matrix's entries."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices


def list_users(task: Task) -> Ids:
    """Tell who gets a list: everybody with test rows or, in a serving fit, everybody."""
    parts = task.parts
    asked = [parts.train, parts.validation] if task.protocol == "serving" else [parts.test]
    return np.unique(np.concatenate([rows["user_id"].to_numpy(np.int64) for rows in asked]))


def titles_of(movies: pd.DataFrame) -> dict[int, str]:
    """Name each movie of ``core.dim_movies``; one without a title by its id."""
    titles = movies["title"].fillna("movie " + movies["movie_id"].astype(str))
    return dict(zip(movies["movie_id"].tolist(), titles.tolist(), strict=True))


def reasons(lists: pd.DataFrame, stars_of: StarsOf, titles: Mapping[int, str]) -> list[str | None]:
    """Give each row of lists its reason.

    Args:
        lists: ``user_id``, and ``because``, the ids of movies that spoke for the row's movie.
        stars_of: Looks up what the reasons name.
        titles: Titles by movie.
    """
    counts = lists["because"].map(len).to_numpy(np.int64)
    causes = np.fromiter(chain.from_iterable(lists["because"]), np.int64, counts.sum())
    stars = stars_of(np.repeat(lists["user_id"].to_numpy(np.int64), counts), causes)
    named = ((titles[cause], rated) for cause, rated in zip(causes, stars, strict=True))
    return [reason(list(islice(named, count))) for count in counts.tolist()]


def recommendations(task: Task, lists: pd.DataFrame, stars_of: StarsOf) -> pd.DataFrame:
    """Make rows of ``ml.recommendations``: with reasons in a serving fit, else without.

    Args:
        task: The fit, with the mart ``core.dim_movies``.
        lists: ``user_id``, ``rank``, ``movie_id``, ``score`` and, in a serving fit, ``because``.
        stars_of: Looks up the ratings that speak for movies.
    """
    if task.protocol != "serving":
        return lists.assign(reason=None)
    titles = titles_of(task.marts["core.dim_movies"])
    texts = pd.Series(reasons(lists, stars_of, titles), lists.index, dtype=object)
    return lists.drop(columns="because").assign(reason=texts)
