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
    from scipy.sparse.linalg import LinearOperator, cg

    system = _System.of(codes, y, weights, n_users, content, ridges)
    sizes = [1, n_users, *content.shape]
    ends = np.cumsum(sizes)[:-1]

    def times(values: Values) -> Values:
        return np.concatenate(system.times(*np.split(values, ends)))

    scaling = sparse.diags_array(1 / np.concatenate(system.diagonal()))
    operator = LinearOperator(scaling.shape, matvec=times)
    target = np.concatenate(system.target())
    solution, _ = cg(operator, target, rtol=1e-7, maxiter=1000, M=scaling)
    (mean,), users, movies, features = np.split(solution, ends)
    level = users[codes[:, 0]].mean()
    is_known = np.bincount(codes[:, 0], minlength=n_users) > 0
    return Biases(float(mean + level), np.where(is_known, users - level, 0), movies, features)


@dataclass(frozen=True)
class _System:
    """The normal equations of the ridge regression, without a row for each rating.

    A rating's prediction is the mean, plus its user's bias, plus its movie's whole bias, which
    is the movie's own and that of its content. So sums of weights say all: by user, by movie, and
    by both.

    Attributes:
        pairs: What the rating of each user and movie counts, shape (users, movies), sparse.
        user_sums, movie_sums: Its sums, shape (users,) and (movies,).
        user_stars, movie_stars: The weighted sums of ratings, of the same shapes.
        content: The movies' features, shape (movies, features), sparse.
        ridges: Those of users, movies and features.
    """

    pairs: "sparse.csr_array"
    user_sums: Values
    movie_sums: Values
    user_stars: Values
    movie_stars: Values
    content: "sparse.csr_array"
    ridges: tuple[float, float, float]

    @staticmethod
    def of(
        codes: Ids,
        y: Values,
        weights: Values,
        n_users: int,
        content: NDArray[np.float32],
        ridges: tuple[float, float, float],
    ) -> "_System":
        from scipy import sparse

        users, movies = codes.T
        shape = n_users, len(content)
        weighted = weights * y
        by_user, by_movie = (
            [np.bincount(of, values, size).astype(np.float64) for values in (weights, weighted)]
            for of, size in zip((users, movies), shape, strict=True)
        )
        return _System(
            pairs=sparse.csr_array((weights, (users, movies)), shape=shape),
            user_sums=by_user[0],
            movie_sums=by_movie[0],
            user_stars=by_user[1],
            movie_stars=by_movie[1],
            content=sparse.csr_array(content.astype(np.float64)),
            ridges=ridges,
        )

    def times(self, mean: Values, users: Values, movies: Values, features: Values) -> list[Values]:
        """Multiply by the matrix: that of the squared design, and the ridges."""
        whole = movies + self.content @ features
        of_users = self.user_sums * (mean + users) + self.pairs @ whole
        of_movies = self.movie_sums * (mean + whole) + self.pairs.T @ users
        user_ridge, movie_ridge, content_ridge = self.ridges
        total = self.user_sums.sum() * mean + self.user_sums @ users + self.movie_sums @ whole
        return [
            total,
            of_users + user_ridge * users,
            of_movies + movie_ridge * movies,
            self.content.T @ of_movies + content_ridge * features,
        ]

    def target(self) -> list[Values]:
        """Give the right-hand side: the design's product with the ratings."""
        total = self.user_stars.sum(keepdims=True)
        return [total, self.user_stars, self.movie_stars, self.content.T @ self.movie_stars]

    def diagonal(self) -> list[Values]:
        """Give the diagonal of the matrix, by which the solver scales it."""
        user_ridge, movie_ridge, content_ridge = self.ridges
        return [
            self.user_sums.sum(keepdims=True),
            self.user_sums + user_ridge,
            self.movie_sums + movie_ridge,
            self.content.power(2).T @ self.movie_sums + content_ridge,
        ]
