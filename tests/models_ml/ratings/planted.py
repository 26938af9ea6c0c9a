"""Made ratings and movies for the tests of models of ratings."""

import numpy as np

from models_ml.fitting.ids import Ids, Values
from models_ml.ratings.content import Content

DAY = 86_400.0


def made_content(n_movies: int, seed: int = 0) -> Content:
    """Movies with the ids 7, 17, 27 and so on; one without a year, one without a genre."""
    generator = np.random.default_rng(seed)
    years = generator.integers(1950, 2000, n_movies).astype(float)
    genres = (generator.random((n_movies, 4)) < 0.4).astype(float)
    years[0], genres[-1] = np.nan, 0
    return Content(np.arange(n_movies) * 10 + 7, years, genres)


def made_ratings(
    n_users: int, n_movies: int, share: float = 0.5, seed: int = 0
) -> tuple[Ids, Values, Values]:
    """Ids, stars and times of a share of all pairs; the stars follow a user's mood and a genre."""
    generator = np.random.default_rng(seed)
    users, movies = np.argwhere(generator.random((n_users, n_movies)) < share).T
    likes_kind = generator.normal(size=n_users)[users] * made_content(n_movies).genres[movies, 0]
    stars = 3.3 + generator.normal(0, 0.5, n_users)[users] + 0.5 * likes_kind
    stars += generator.normal(0, 0.3, len(users))
    times = generator.integers(0, 1000, len(users)) * DAY / 10
    ids = np.column_stack([users, movies]) * 10 + 7
    return ids, np.clip(np.round(2 * stars) / 2, 0.5, 5), times
