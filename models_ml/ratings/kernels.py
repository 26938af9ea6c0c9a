"""What two ratings have in common: the kernels of :mod:`models_ml.ratings.gaussian_processes`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models_ml.fitting.ids import Ids, Values
from models_ml.ratings.content import Content

MINUTE, DAY = 60.0, 86_400.0
MONTH, YEAR = 30 * DAY, 365 * DAY

YEARS_APART, POPULARITY_APART, BIAS_APART = 5.0, 0.7, 0.2
"""Years, logarithms of counts, and stars at which two movies have only 1/e in common."""
ACTIVITY_APART, LENIENCY_APART = 0.8, 0.3
"""Logarithms of counts, and stars, at which two users have only 1/e in common."""

MOVIE_SHRINKAGE, USER_SHRINKAGE = 4, 5
"""How many ratings at the mean pull a bias towards 0."""
USUAL_RATERS = 5
"""How many more raters a movie is taken to have where raters are compared."""


@dataclass(frozen=True)
class Rows:
    """Ratings without their stars: codes of users and movies and times in seconds, each (rows,).

    Indexed with positions of shape (n, 1), it is n sets of one row: kernels compare set by set.
    """

    users: Ids
    movies: Ids
    times: Values

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, positions: "Ids | slice") -> "Rows":
        return Rows(self.users[positions], self.movies[positions], self.times[positions])


@dataclass(frozen=True)
class Profiles:
    """What kernels know of users and movies, from the rows of a fit and from content.

    Attributes:
        movies: By name: ``genres`` (rows of length 1), ``latent`` (who rated it; short where few
            did), ``years``, ``popularity`` (the logarithm of 1 + ratings), ``bias`` in stars, and
            ``linear``, the last three in standard deviations from the mean rating's.
        users: By name: ``latent`` (what was rated), ``activity`` (the logarithm of 1 + ratings),
            ``bias`` in stars, ``taste`` (genres rated more than others do), and ``linear``, the
            activity in standard deviations.

    The last row of each is that of a movie or a user whom nobody knows.
    """

    movies: dict[str, Values]
    users: dict[str, Values]


Kernels = Callable[[Profiles, Rows, Rows, bool], list[Values]]
"""Gives the kernels between two sets of rows, each of shape (rows, rows), with times or without."""


def user_kernels(profiles: Profiles, a: Rows, b: Rows, with_times: bool) -> list[Values]:
    """Compare ratings of one user by how alike the movies are, and the moments."""
    of = profiles.movies

    def product(name: str) -> Values:
        return _product(of[name][a.movies], of[name][b.movies])

    def near(name: str, apart: float) -> Values:
        return _near(of[name][a.movies], of[name][b.movies], apart)

    genres, years = product("genres"), near("years", YEARS_APART)
    popularity, bias = near("popularity", POPULARITY_APART), near("bias", BIAS_APART)
    linear = [_product(x[a.movies], x[b.movies]) for x in of["linear"].T[:, :, None]]
    kernels = [
        np.ones_like(genres),
        genres,
        genres**4,
        years,
        genres**2 * years,
        product("latent"),
        popularity,
        popularity * bias * genres,
        *linear,
    ]
    if with_times:
        minutes, months = _near_in_time(a, b, 10 * MINUTE), _near_in_time(a, b, MONTH)
        days, years_apart = _near_in_time(a, b, DAY), _near_in_time(a, b, YEAR)
        kernels += [
            _near_in_time(a, b, MINUTE),
            days,
            months,
            minutes * genres**2,
            days * genres**2,
            years_apart * genres**2 * years,
            minutes * bias,
        ]
    return kernels


def movie_kernels(profiles: Profiles, a: Rows, b: Rows, with_times: bool) -> list[Values]:
    """Compare ratings of one movie by how alike the users are, and the moments."""
    of = profiles.users

    def product(name: str) -> Values:
        return _product(of[name][a.users], of[name][b.users])

    def near(name: str, apart: float) -> Values:
        return _near(of[name][a.users], of[name][b.users], apart)

    latent = product("latent")
    kernels = [
        np.ones_like(latent),
        latent,
        latent**2,
        near("bias", LENIENCY_APART),
        near("activity", ACTIVITY_APART),
        product("taste"),
        product("linear"),
    ]
    if with_times:
        kernels += [_near_in_time(a, b, MONTH), _near_in_time(a, b, 5 * YEAR)]
    return kernels


def _product(a: Values, b: Values) -> Values:
    return np.asarray(a @ np.swapaxes(b, -1, -2))


def _near(a: Values, b: Values, apart: float) -> Values:
    return np.asarray(np.exp(-np.abs(a[..., :, None] - b[..., None, :]) / apart))


def _near_in_time(a: Rows, b: Rows, apart: float) -> Values:
    """1 at the same moment, 1/e at so many seconds apart, 0 where a time is not known."""
    return np.nan_to_num(_near(a.times, b.times, apart), nan=0.0)


def profiles_of(rows: Rows, y: Values, n_users: int, content: Content, latent: int) -> Profiles:
    """Describe users and movies by the rows of a fit and by content.

    Args:
        rows: The rows; codes of movies are positions in the content.
        y: Their ratings in stars.
        n_users: Number of users.
        content: All movies.
        latent: Length of the vectors that say who rated what: directions of the most variance of
            the matrix of ratings given or not, as in latent semantic analysis (Deerwester et al.,
            Indexing by latent semantic analysis, JASIS 41, 1990).
    """
    from sklearn.utils.extmath import randomized_svd

    n_movies = len(content.movie_ids)
    rated_by = np.bincount(rows.users, minlength=n_users)
    raters_of = np.bincount(rows.movies, minlength=n_movies)
    deviations = y - y.mean()
    user_bias, movie_bias = np.zeros(n_users), np.zeros(n_movies)
    for _ in range(4):
        rest = deviations - user_bias[rows.users]
        movie_bias = np.bincount(rows.movies, rest, n_movies) / (raters_of + MOVIE_SHRINKAGE)
        rest = deviations - movie_bias[rows.movies]
        user_bias = np.bincount(rows.users, rest, n_users) / (rated_by + USER_SHRINKAGE)
    rated = sparse.csr_array((np.ones(len(y)), (rows.users, rows.movies)), (n_users, n_movies))
    scaled = (
        sparse.diags_array(1 / np.sqrt(np.maximum(rated_by, 1)))
        @ rated
        @ sparse.diags_array(1 / np.sqrt(raters_of + USUAL_RATERS))
    )
    length = min(latent, *rated.shape)
    users, sizes, movies = randomized_svd(scaled, length, random_state=0)
    of_movies = movies.T * sizes
    norms = np.linalg.norm(of_movies, axis=1, keepdims=True)
    # The first direction of users is their activity, which has a kernel of its own
    of_users = users[:, 1:] * sizes[1:]
    usual_year = float(np.nanmean(np.append(content.years, 2000)))
    years = np.nan_to_num(np.append(content.years, np.nan), nan=usual_year)
    genres = _unit(content.genres)
    popularity, activity = _with_nobody(np.log1p(raters_of)), np.log1p(rated_by)
    taste = _unit(rated @ genres)
    movie_bias = _with_nobody(movie_bias)
    linear = np.column_stack([popularity, movie_bias, years])
    return Profiles(
        movies={
            "genres": _with_nobody(genres),
            "latent": _with_nobody(of_movies / (norms + np.quantile(norms, 0.3) + 1e-9)),
            "years": years,
            "popularity": popularity,
            "bias": movie_bias,
            "linear": _standard(linear, linear[rows.movies]),
        },
        users={
            "latent": _with_nobody(_unit(of_users)),
            "activity": _with_nobody(activity),
            "bias": _with_nobody(user_bias),
            "taste": _with_nobody(_unit(taste - taste.mean(axis=0), 0.01)),
            "linear": _with_nobody(_standard(activity, activity[rows.users])[:, None]),
        },
    )


def _unit(vectors: Values, least: float = 1e-3) -> Values:
    """Divide vectors by their lengths; those much shorter than ``least`` stay short."""
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + least))


def _standard(values: Values, of_rows: Values) -> Values:
    """Count values in standard deviations from the mean, both over the rows."""
    return np.asarray((values - of_rows.mean(axis=0)) / np.maximum(of_rows.std(axis=0), 1e-9))


def _with_nobody(values: NDArray[np.float64]) -> Values:
    return np.concatenate([values, np.zeros_like(values[:1])])
