"""Time lists of 20 movies for 100,000 users, of 20,000 movies.

``python -m benchmarks.lists`` makes up weights, vectors and ratings, lets the functions of
``models_ml/lists`` choose, and writes ``benchmarks/lists.md``. What is made up does not change the
time: scores are summed and compared, whatever they are.
"""

import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import machine
from models_ml.fitting.parameters import read_parameters
from models_ml.lists.ease import EASE
from models_ml.lists.listing import LENGTH, blocks, top_n

RESULT = Path(__file__).with_suffix(".md")

USERS, MOVIES, RATINGS, FACTORS = 100_000, 20_000, 150, 16


def made_up(generator: np.random.Generator) -> EASE:
    """Make an EASE with weights of the size that it has, and with ratings of all users."""
    model = EASE(**read_parameters().models["ease"])
    modelled = min(model.max_movies, MOVIES)
    model.movie_ids_ = np.arange(MOVIES)
    model.user_ids_ = np.arange(USERS)
    model.weights_ = generator.normal(size=(modelled, modelled)).astype(np.float32)
    # Popular movies, which come first, have most of the ratings
    drawn = (MOVIES * generator.random((USERS, RATINGS)) ** 3).astype(np.int64)
    rated = [np.unique(movies) for movies in drawn]
    lengths = np.array([len(movies) for movies in rated])
    ends = np.cumsum(lengths)
    model.indptr_ = np.concatenate([[0], ends, ends[-1:]])
    model.rated_ = np.concatenate(rated)
    model.stars_ = generator.integers(1, 11, ends[-1]).astype(np.float32) / 2
    return model


def by_vectors(model: EASE, vectors: tuple[NDArray[np.float32], NDArray[np.float32]]) -> int:
    """List the movies with the greatest dot products; return the number of listed movies."""
    users, movies = vectors
    listed = 0
    for block in blocks(model.user_ids_):
        chosen = top_n(users[block] @ movies.T, model.histories_of(block))
        listed += len(chosen.movies)
    return listed


def main() -> None:
    """Measure, and write the result."""
    generator = np.random.default_rng(0)
    model = made_up(generator)
    shapes = (USERS, FACTORS), (MOVIES, FACTORS)
    users, movies = (generator.normal(size=shape).astype(np.float32) for shape in shapes)
    began = time.perf_counter()
    listed = len(model.recommend(model.user_ids_, with_causes=False))
    of_ease = time.perf_counter() - began
    began = time.perf_counter()
    by_vectors(model, (users, movies))
    of_vectors = time.perf_counter() - began
    arrays = (model.weights_, model.rated_, model.stars_, model.indptr_, users, movies)
    held = sum(array.nbytes for array in arrays)
    RESULT.write_text(
        f"""# Lists for all users

The {LENGTH} best movies not rated, for {USERS:,} users of {MOVIES:,} movies: {listed:,} rows. Users
have about {RATINGS} ratings each; weights, vectors and ratings are made up.

| scores | seconds |
|---|---|
| EASE, {len(model.weights_):,} movies in the model | {of_ease:.1f} |
| dot products of vectors of {FACTORS} | {of_vectors:.1f} |

At most {_peak() / 1e9:.2f} GB of memory were in use, of which weights, vectors and ratings are
{held / 1e9:.2f} GB.

Machine: {machine()}.

`python -m benchmarks.lists`, {datetime.now(UTC):%Y-%m-%d}.
""",
        encoding="utf-8",
    )
    print(RESULT.read_text(encoding="utf-8"))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
