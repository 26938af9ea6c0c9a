"""The two biases that a model has to beat, and how far off predicted ratings are."""

import numpy as np
import pandas as pd

from models_ml.fitting.ids import Ids, Values

MOVIE_SHRINKAGE, USER_SHRINKAGE = 3, 6
"""As in dbt_project.yml."""

REPLICATES = 2000
"""Bootstrap draws of users."""


def biases(train: pd.DataFrame, test: pd.DataFrame) -> Values:
    """Predict as the SQL baseline `user_movie_biases` does; in stars, shape (test rows,)."""
    mean = train["rating"].mean()
    by_movie = (train["rating"] - mean).groupby(train["movie_id"]).agg(["sum", "size"])
    movies = by_movie["sum"] / (by_movie["size"] + MOVIE_SHRINKAGE)
    rest = train["rating"] - mean - train["movie_id"].map(movies)
    by_user = rest.groupby(train["user_id"]).agg(["sum", "size"])
    users = by_user["sum"] / (by_user["size"] + USER_SHRINKAGE)
    movie_biases, user_biases = test["movie_id"].map(movies), test["user_id"].map(users)
    return np.asarray(mean + movie_biases.fillna(0) + user_biases.fillna(0))


def rmse_interval(errors: Values, users: Ids) -> tuple[float, float]:
    """Compute the RMSE in stars, and half its 95% interval, bootstrapped by user."""
    drawn = np.sqrt(_drawn_means(errors, users))
    return float(np.sqrt(errors.mean())), float(1.96 * drawn.std())


def share_interval(covered: Values, users: Ids) -> tuple[float, float]:
    """Compute the share of rows that are 1, and half its 95% interval, bootstrapped by user."""
    return float(covered.mean()), float(1.96 * _drawn_means(covered, users).std())


def _drawn_means(values: Values, users: Ids) -> Values:
    sums = pd.DataFrame({"sum": values, "count": 1.0}).groupby(users).sum().to_numpy()
    drawn = np.random.default_rng(0).poisson(1, (REPLICATES, len(sums))) @ sums
    return np.asarray(drawn[:, 0] / drawn[:, 1])


def paired(errors: Values, others: Values, users: Ids) -> tuple[float, float, float]:
    """Compute an RMSE less another's in stars, and its 95% interval, bootstrapped by user."""
    frame = pd.DataFrame({"one": errors, "other": others, "count": 1.0})
    sums = frame.groupby(users).sum().to_numpy()
    drawn = np.random.default_rng(0).poisson(1, (REPLICATES, len(sums))) @ sums
    one, other, count = np.vstack([sums.sum(axis=0), drawn]).T
    differences = np.sqrt(one / count) - np.sqrt(other / count)
    low, high = np.percentile(differences[1:], [2.5, 97.5])
    return float(differences[0]), float(low), float(high)
