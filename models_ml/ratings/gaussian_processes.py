"""Ratings by Gaussian processes: one of each user over movies, one of each movie over users."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

import numpy as np

from models_ml.fitting.ids import Ids, Values, codes_of
from models_ml.fitting.recipe import JUDGED_PROTOCOLS, Outcome, Recipe, Report, Task
from models_ml.ratings.content import CONTENT_MARTS, Content, content_of
from models_ml.ratings.kernels import (
    Kernels,
    Profiles,
    Rows,
    movie_kernels,
    profiles_of,
    user_kernels,
)
from models_ml.ratings.out_of_fold import fit_known_rows
from models_ml.ratings.spread import SpreadModel

BOUNDS = (-9.0, 2.0)
"""Of the logarithms of variances, in squared stars."""
STEPS = 25
"""Of the search for variances at most."""

PROFILES = {
    "movies": ("genres", "latent", "years", "popularity", "bias", "linear"),
    "users": ("latent", "activity", "bias", "taste", "linear"),
}


class GaussianProcesses(SpreadModel):
    """What a user gives a movie, learnt from like movies of the user and like users of the movie.

    A rating is the mean, plus a function of each user, plus a function of each movie, plus noise.
    A user's function is a Gaussian process over movies: it varies little between movies of like
    genres, years and raters, and, with times, between like moments. A movie's is one over users.
    So predictions are weighted sums of the user's and the movie's other ratings, with the weights
    that are best where the processes are true (kriging; Rasmussen and Williams, Gaussian processes
    for machine learning, 2006, chapter 2). How much each likeness counts is a variance, one for all
    users or all movies, which maximise the likelihood of the ratings of some of them (section 5.4).
    The two kinds are fitted one after the other, each to what the other leaves over (backfitting:
    Hastie and Tibshirani, Generalized additive models, 1986).

    Args:
        scale: The lowest and the highest rating, in stars; predictions stay between them.
        with_times: Whether moments are compared too.
        latent: Length of the vectors that say who rated what.
        max_ratings: Ratings of one user or one movie that a process is conditioned on at most; of
            more, so many are drawn.
        n_sampled: Users, and movies, whose ratings choose the variances.
        sampled_ratings: Ratings of each of them at most, neighbours in time.
        level: The probability with which a rating is to lie in its interval.
        random_state: Seed of what is drawn.

    Attributes:
        mean_: The mean rating in stars, shape ().
        user_ids_, movie_ids_: Ids, ascending.
        user_variances_, movie_variances_: The variance of the noise and of each kernel, in squared
            stars, shape (kernels + 1,).
        users_, movies_, times_: The rows of the fit, by user: codes, and seconds since 1970.
        for_users_: Their ratings less the mean and what the movies' functions say, shape (rows,).
        for_movies_: Their ratings less the mean and what the users' functions say, shape (rows,).
        profiles_: Of movies and users, as :class:`Profiles` lists them.
    """

    state: ClassVar = (
        *("mean_", "user_ids_", "movie_ids_", "user_variances_", "movie_variances_", "reach_"),
        *("users_", "movies_", "times_", "for_users_", "for_movies_"),
        *(f"{kind}_{name}_" for kind, names in PROFILES.items() for name in names),
    )

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 5.0),
        with_times: bool = False,
        latent: int = 48,
        max_ratings: int = 1000,
        n_sampled: int = 60,
        sampled_ratings: int = 100,
        level: float = 0.9,
        random_state: int = 0,
    ) -> None:
        self.scale = scale
        self.with_times = with_times
        self.latent = latent
        self.max_ratings = max_ratings
        self.n_sampled = n_sampled
        self.sampled_ratings = sampled_ratings
        self.level = level
        self.random_state = random_state

    def fit(
        self,
        X: Ids,  # noqa: N803 (scikit-learn's name)
        y: Values,
        content: Content,
        times: Values | None = None,
        report: Report = lambda words: None,
    ) -> "GaussianProcesses":
        """Choose the variances, and fit the users' functions and the movies'.

        Args:
            X: Ids, shape (ratings, 2): a user's and a movie's in each row.
            y: Ratings in stars, shape (ratings,).
            content: All movies.
            times: Seconds since 1970, shape (ratings,), NaN where not known; read with times alone.
            report: Called with a few words as the fit goes on.

        Returns:
            The model itself.
        """
        self.user_ids_, self.movie_ids_ = np.unique(X[:, 0]), content.movie_ids
        rows = self._rows(X, times)
        order = np.lexsort((rows.movies, rows.times, rows.users))
        rows, y = rows[order], y[order]
        self.users_, self.movies_, self.times_ = rows.users, rows.movies, rows.times
        profiles = profiles_of(rows, y, len(self.user_ids_), content, self.latent)
        for kind, names in PROFILES.items():
            for name in names:
                setattr(self, f"{kind}_{name}_", getattr(profiles, kind)[name])
        self.mean_ = np.float64(y.mean())
        rest = y - self.mean_
        report("variances of users")
        self.for_users_ = rest - profiles.movies["bias"][rows.movies]
        self.user_variances_ = self._variances("user", self.for_users_)
        report("variances of movies")
        self.for_movies_ = rest - profiles.users["bias"][rows.users]
        self.movie_variances_ = self._variances("movie", self.for_movies_)
        report("functions of users")
        self.for_movies_ = rest - self._condition("user", rows)[0]
        report("functions of movies")
        self.for_users_ = rest - self._condition("movie", rows)[0]
        return self

    def predict_with_spread(
        self,
        X: Ids,  # noqa: N803
        times: Values | None = None,
    ) -> tuple[Values, Values]:
        """Predict as :class:`SpreadModel` says."""
        rows = self._rows(X, times)
        of_users, user_variances = self._condition("user", rows)
        of_movies, movie_variances = self._condition("movie", rows)
        predicted = np.clip(self.mean_ + of_users + of_movies, *self.scale)
        return predicted, np.sqrt(self.user_variances_[0] + user_variances + movie_variances)

    def _rows(self, X: Ids, times: Values | None) -> Rows:  # noqa: N803
        """Code rows; where times do not count, all are unknown."""
        unknown = times is None or not self.with_times
        return Rows(
            codes_of(X[:, 0], self.user_ids_),
            codes_of(X[:, 1], self.movie_ids_),
            np.full(len(X), np.nan) if unknown else np.asarray(times, np.float64),
        )

    def _profiles(self) -> Profiles:
        return Profiles(
            **{
                kind: {name: getattr(self, f"{kind}_{name}_") for name in names}
                for kind, names in PROFILES.items()
            }
        )

    def _side(self, side: str) -> tuple[Kernels, Ids, Values, Values]:
        """Give the kernels of users or of movies, and by fitted row: whose it is, its target."""
        if side == "user":
            return user_kernels, self.users_, self.for_users_, self.user_variances_
        return movie_kernels, self.movies_, self.for_movies_, self.movie_variances_

    def _variances(self, side: str, targets: Values) -> Values:
        """Choose variances by the likelihood of the ratings of some users or movies."""
        from scipy.optimize import minimize
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        kernels = user_kernels if side == "user" else movie_kernels
        codes = self.users_ if side == "user" else self.movies_
        profiles, rows = self._profiles(), Rows(self.users_, self.movies_, self.times_)
        generator = np.random.default_rng(self.random_state)
        groups = [group for _, group in _groups(codes) if len(group) > 1]
        examples = []
        for position in generator.permutation(len(groups))[: self.n_sampled]:
            group = groups[position]
            first = generator.integers(max(len(group) - self.sampled_ratings, 0) + 1)
            chosen = group[first : first + self.sampled_ratings]
            of_rows = kernels(profiles, rows[chosen], rows[chosen], self.with_times)
            examples.append((np.array(of_rows), targets[chosen]))
        count = len(kernels(profiles, rows[:1], rows[:1], self.with_times))
        start = np.log(np.append(0.6, np.full(count, 0.02)))
        if not examples:
            return np.asarray(np.exp(start))
        with threadpool_limits(1):
            found = minimize(
                partial(likelihood, examples=examples),
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=[BOUNDS] * len(start),
                options={"maxiter": STEPS},
            )
        return np.asarray(np.exp(found.x))

    def _condition(self, side: str, rows: Rows) -> tuple[Values, Values]:
        """Find the functions' means and variances for rows, each of shape (rows,)."""
        from scipy.linalg import cho_factor, cho_solve
        from threadpoolctl import threadpool_limits

        kernels, codes, targets, variances = self._side(side)
        profiles, fitted = self._profiles(), Rows(self.users_, self.movies_, self.times_)
        noise, weights = variances[0], variances[1:]

        def compare(a: Rows, b: Rows) -> Values:
            return np.asarray(np.tensordot(weights, kernels(profiles, a, b, self.with_times), 1))

        groups = dict(_groups(codes))
        means, left = np.zeros(len(rows)), np.zeros(len(rows))
        with threadpool_limits(1):
            for code, asked in _groups(rows.users if side == "user" else rows.movies):
                itself = rows[asked[:, None]]
                left[asked] = compare(itself, itself)[:, 0, 0]
                if code not in groups:
                    continue
                known = self._drawn(groups[code], code)
                between = compare(rows[asked], fitted[known])
                within = compare(fitted[known], fitted[known])
                within[np.diag_indices(len(known))] += noise
                factor = cho_factor(within, lower=True, overwrite_a=True)
                means[asked] = between @ cho_solve(factor, targets[known])
                left[asked] -= (between * cho_solve(factor, between.T).T).sum(axis=1)
        return means, np.maximum(left, 0)

    def _drawn(self, group: Ids, code: int) -> Ids:
        """Draw ``max_ratings`` rows of a user or movie that has more."""
        if len(group) <= self.max_ratings:
            return group
        generator = np.random.default_rng((self.random_state, code))
        return np.asarray(np.sort(generator.choice(group, self.max_ratings, replace=False)))


def likelihood(logarithms: Values, examples: list[tuple[Values, Values]]) -> tuple[float, Values]:
    """Compute the negative logarithm of the likelihood of examples, a rating, and its gradient.

    Rasmussen and Williams, equations 2.30 and 5.9, without the constant.

    Args:
        logarithms: Of the variances of the noise and of each kernel, shape (kernels + 1,).
        examples: Kernels of the rows of a user or movie, shape (kernels, rows, rows), and what a
            process of mean 0 has to explain, in stars, shape (rows,).

    Returns:
        The value, and its gradient by the logarithms.
    """
    noise, *weights = np.exp(logarithms)
    total, gradient, count = 0.0, np.zeros(len(logarithms)), 0
    for kernels, targets in examples:
        within = np.tensordot(weights, kernels, 1)
        within[np.diag_indices(len(targets))] += noise
        inverse = np.linalg.inv(within)
        solved = inverse @ targets
        total += (targets @ solved + np.linalg.slogdet(within)[1]) / 2
        rest = inverse - np.outer(solved, solved)
        gradient[0] += noise * np.trace(rest) / 2
        gradient[1:] += np.array(weights) * np.einsum("kij,ij->k", kernels, rest) / 2
        count += len(targets)
    return total / count, gradient / count


def _groups(codes: Ids) -> Iterator[tuple[int, Ids]]:
    """Give each code with the positions that bear it, ascending."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    for positions in np.split(order, starts[1:]) if len(order) else []:
        yield int(codes[positions[0]]), positions


def train(task: Task, with_times: bool = False) -> Outcome:
    """Fit on all rows that are not test rows, and out of fold: see :func:`fit_known_rows`."""
    model = GaussianProcesses(
        **task.params, with_times=with_times, scale=task.scale, random_state=task.seed
    )
    model, results = fit_known_rows(model, task, content_of(task.marts))
    return Outcome(model, results, f"noise of {np.sqrt(model.user_variances_[0]):.2f} stars")


RECIPE = Recipe(
    name="gaussian_processes",
    role="ratings",
    description="Gaussian processes of each user over movies and of each movie over users.",
    model=GaussianProcesses,
    marts=CONTENT_MARTS,
    protocols=JUDGED_PROTOCOLS,
    effort="full",
    train=train,
)
RECIPE_WITH_TIMES = Recipe(
    name="gaussian_processes_times",
    role="ratings",
    description="The same with the moments of ratings.",
    model=GaussianProcesses,
    marts=CONTENT_MARTS,
    protocols=JUDGED_PROTOCOLS,
    effort="full",
    track="time-aware",
    train=partial(train, with_times=True),
)
