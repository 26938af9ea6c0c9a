"""Biases of users, movies and what movies are, in closed form."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models_ml.fitting.ids import Ids, Values

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True)
class Biases:
    """What adds up to a rating: ``mean + users[u] + movies[m] + content[m] @ features``, in stars.

    Attributes:
        mean: What a user of the most usual kind gives a movie without features. Users are as
            usual as they have ratings: over all ratings, ``users`` has the mean 0.
        users: Each user's bias, shape (users,); 0 without ratings.
        movies: What of a movie's bias its content does not tell, 0 without ratings, shape
            (movies,).
        features: What each feature of the content adds, shape (features,).
    """

    mean: float
    users: Values
    movies: Values
    features: Values

    def predict(self, codes: Ids, content: NDArray[np.float32]) -> Values:
        """Predict ratings in stars, shape (rows,); arguments as in :func:`shrunken_biases`."""
        movies = self.movies + content @ self.features
        return np.asarray(self.mean + self.users[codes[:, 0]] + movies[codes[:, 1]])


def shrunken_biases(
    codes: Ids,
    y: Values,
    weights: Values,
    n_users: int,
    content: NDArray[np.float32],
    ridges: tuple[float, float, float],
) -> Biases:
    """Fit all biases at once, by ridge regression without a penalty on the mean.

    It minimises the weighted squared error + ridge x squared biases. That is the best linear
    unbiased prediction of a mixed model with random effects of users, movies and features
    (Henderson, Best linear unbiased estimation and prediction under a selection model,
    Biometrics 31, 1975; Robinson, That BLUP is a good thing, Statistical Science 6, 1991), with the
    error's variance over each effect's as ridge. Unlike biases taken one after another, a movie
    is not blamed for who rated it.

    Somebody new is expected to be as the users are who gave the ratings, not as the mean user: who
    rates a lot is stricter, and most ratings to come are of such users. The mean is moved there.

    Args:
        codes: Positions of users and movies, shape (ratings, 2), at least one row.
        y: Ratings in stars, shape (ratings,).
        weights: What each rating counts, with mean 1, shape (ratings,).
        n_users: Number of users.
        content: The movies' features, shape (movies, features).
        ridges: How many ratings at the expected value pull the bias of a user, of a movie and of
            a feature towards 0.

    Returns:
        The biases.
    """
    from scipy import sparse
    from scipy.sparse.linalg import cg

    n_movies, n_features = content.shape
    user_ridge, movie_ridge, content_ridge = ridges
    design = sparse.hstack(
        [
            np.ones((len(y), 1)),
            indicators(codes[:, 0], n_users),
            (movies := indicators(codes[:, 1], n_movies)),
            movies @ sparse.csr_array(content.astype(np.float64)),
        ],
        format="csr",
    )
    sizes = [1, n_users, n_movies, n_features]
    penalties = np.repeat([0.0, user_ridge, movie_ridge, content_ridge], sizes)
    weighted = sparse.diags_array(weights) @ design
    system = (design.T @ weighted + sparse.diags_array(penalties)).tocsr()
    scaling = sparse.diags_array(1 / system.diagonal())
    solution, _ = cg(system, weighted.T @ y, rtol=1e-7, maxiter=1000, M=scaling)
    (mean,), users, movie_biases, features = np.split(solution, np.cumsum(sizes)[:-1])
    level = users[codes[:, 0]].mean()
    is_known = np.bincount(codes[:, 0], minlength=n_users) > 0
    return Biases(float(mean + level), np.where(is_known, users - level, 0), movie_biases, features)


def indicators(codes: NDArray[np.int64], n: int) -> "sparse.csr_array":
    """Make a sparse matrix of shape (rows, n) with a 1 in each row, at its code."""
    from scipy import sparse

    rows = len(codes)
    return sparse.csr_array((np.ones(rows), codes, np.arange(rows + 1)), shape=(rows, n))
