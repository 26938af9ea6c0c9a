"""What is rated after what: a first-order model of sequences."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models_ml.fitting.ids import Ids, Values

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FADING = 5.0
"""Ratings after which what was rated counts 1/e."""
STEPS = 15
"""Ratings after which it does not count."""
ROW_PRIOR, COLUMN_PRIOR = 1.0, 3.0
"""What a movie is taken to be followed by, and to follow, beside what it is."""


def follow_weights(users: Ids, movies: Ids, n_movies: int) -> NDArray[np.float32]:
    """Count which movie is rated how soon after which, by the same user.

    A Markov chain whose memory fades (He and McAuley, Fusing similarity models with Markov chains
    for sparse sequential recommendation, ICDM 2016), but counted, not factorised. Counts are
    divided by the square roots of both movies' sums, as in a cosine.

    Args:
        users: Each rating's user, ascending, and the user's ratings by time, shape (ratings,).
        movies: Their movies, shape (ratings,); those from ``n_movies`` on are no part of the model.
        n_movies: Movies in the model.

    Returns:
        How much a movie just rated (row) speaks for another (column), shape (movies, movies).
    """
    from scipy.sparse import coo_array

    counts = np.zeros((n_movies, n_movies), np.float32)
    for step in range(1, STEPS + 1):
        is_pair = (users[:-step] == users[step:]) & (movies[:-step] < n_movies)
        is_pair &= movies[step:] < n_movies
        pairs = movies[:-step][is_pair], movies[step:][is_pair]
        ones = np.full(len(pairs[0]), np.exp(-step / FADING), np.float32)
        summed = coo_array((ones, pairs), shape=counts.shape).tocsr().tocoo()
        counts[summed.coords] += summed.data
    before, after = counts.sum(axis=1) + ROW_PRIOR, counts.sum(axis=0) + COLUMN_PRIOR
    return np.asarray(counts / np.sqrt(before)[:, None] / np.sqrt(after))


def recencies(users: Ids) -> Values:
    """Weigh ratings by how many others the user gave since: 1 for the last.

    Args:
        users: Each rating's user, ascending, and the user's ratings by time, shape (ratings,).
    """
    ends = np.searchsorted(users, users, side="right")
    return np.asarray(np.exp(-(ends - 1 - np.arange(len(users))) / FADING))


def follow_scores(recent: "csr_array", weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Score the modelled movies for users, from ratings weighed by :func:`recencies`.

    Args:
        recent: Shape (users, movies), sparse, with at least the modelled movies as columns.
        weights: Those of :func:`follow_weights`.
    """
    return np.asarray(recent[:, : len(weights)] @ weights)
