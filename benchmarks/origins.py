"""Ask for several stretches of time whether the embedding model beats biases on later ratings.

The temporal protocol judges one stretch, in which few users rate: some 70 of 100,000 ratings, too
few to tell two good models apart. Here several tenths of the ratings are each predicted from all
ratings before.

``python -m benchmarks.origins WAREHOUSE ...`` reads trained warehouses and writes
``benchmarks/origins.md``. The last tenth, the temporal protocol's test rows, is left out: the
embedding model was designed on what comes before.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from models_ml.fitting.ids import Values, ids_of
from models_ml.fitting.parameters import read_parameters
from models_ml.ratings.embedding_model import EmbeddingModel, ages_of

RESULT = Path(__file__).with_suffix(".md")

ORIGINS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""Shares of the ratings that lie before the predicted tenth."""

REPLICATES = 2000

MOVIE_SHRINKAGE, USER_SHRINKAGE = 3, 6
"""As in dbt_project.yml."""


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


def squared_errors(ratings: pd.DataFrame, content: pd.DataFrame, origin: float) -> pd.DataFrame:
    """Predict a tenth of the ratings, in order of time, from all ratings before.

    Returns:
        One row per predicted rating: ``user_id``, and the squared errors ``embedding`` and
        ``biases``.
    """
    end = int(len(ratings) * origin)
    past, test = ratings.iloc[:end], ratings.iloc[end : end + len(ratings) // 10]
    train, validation = past.iloc[: end * 8 // 9], past.iloc[end * 8 // 9 :]
    scale = float(ratings["rating"].min()), float(ratings["rating"].max())
    parameters = read_parameters()
    model = EmbeddingModel(
        **parameters.models["embedding"], scale=scale, random_state=parameters.seed
    )
    model.fit(
        ids_of(train),
        train["rating"].to_numpy(np.float64),
        (ids_of(validation), validation["rating"].to_numpy(np.float64)),
        entities=(ratings["user_id"].to_numpy(), ratings["movie_id"].to_numpy()),
        content=content,
        ages=ages_of(train["rated_at"]),
    )
    stars = test["rating"].to_numpy()
    return pd.DataFrame(
        {
            "user_id": test["user_id"].to_numpy(),
            "embedding": (model.predict(ids_of(test)) - stars) ** 2,
            "biases": (np.clip(biases(train, test), *scale) - stars) ** 2,
        }
    )


def difference(errors: pd.DataFrame) -> tuple[float, float, float]:
    """Compute the embedding model's RMSE less the biases', and its 95% interval, in stars.

    Users are drawn with replacement, as Poisson counts (Chamandy et al., Estimating uncertainty for
    massive data streams, 2012).
    """
    by_user = errors.groupby("user_id").agg(
        embedding=("embedding", "sum"), biases=("biases", "sum"), count=("biases", "size")
    )
    sums = by_user.to_numpy()
    drawn = np.random.default_rng(0).poisson(1, (REPLICATES, len(sums))) @ sums
    embedding, biased, count = np.vstack([sums.sum(axis=0), drawn]).T
    differences = np.sqrt(embedding / count) - np.sqrt(biased / count)
    low, high = np.percentile(differences[1:], [2.5, 97.5])
    return float(differences[0]), float(low), float(high)


def main() -> None:
    """Parse the command line, predict, and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.origins")
    parser.add_argument("warehouses", nargs="+", type=Path, help="built warehouses")
    options = parser.parse_args()
    parts = "\n".join(_warehouse(path) for path in options.warehouses)
    names = " ".join(path.name for path in options.warehouses)
    RESULT.write_text(
        f"""# Does the embedding model predict what comes later better than biases do?

RMSE in stars of the embedding model less that of `user_movie_biases`; below 0 it is better. Each
row predicts a tenth of the ratings, in order of time, from all before. The interval is bootstrapped
by user.

{parts}
`python -m benchmarks.origins {names}`, {datetime.now(UTC):%Y-%m-%d}.
""",
        encoding="utf-8",
    )
    print(RESULT.read_text(encoding="utf-8"))


def _warehouse(path: Path) -> str:
    with duckdb.connect(str(path), read_only=True) as connection:
        ratings = connection.execute(
            "select user_id, movie_id, rating, rated_at from core.fct_ratings"
            " order by rated_at, user_id, movie_id"
        ).df()
        content = connection.execute("from features.movie_content").df()
    windows = {origin: squared_errors(ratings, content, origin) for origin in ORIGINS}
    rows = {f"{origin:.0%} to {origin + 0.1:.0%}": of for origin, of in windows.items()}
    rows["all of them"] = pd.concat(windows.values())
    return "\n".join(
        [
            f"## {path.stem}: {len(ratings):,} ratings",
            "",
            "| predicted ratings | users | difference | 95% interval |",
            "|---|---|---|---|",
            *(
                f"| {name} | {of['user_id'].nunique()} | {found:.4f} | {low:.4f} to {high:.4f} |"
                for name, of in rows.items()
                for found, low, high in [difference(of)]
            ),
            "",
        ]
    )


if __name__ == "__main__":
    main()
