"""Fit the models on the marts: what each reads, and what it writes."""

import duckdb
import numpy as np
import pandas as pd

from models_ml.matrix_factorisation import EpochReport, MatrixFactorisation
from models_ml.runs import Run, now
from warehouse.errors import UserError

SEED = 0

CLUSTERS = 5
"""As many clusters of ratings as the reference analysis has."""


def fit_rating_clusters(connection: duckdb.DuckDBPyConnection) -> Run:
    """Cluster ratings by K-means on standardised user id, movie id and rating.

    The reference analysis took these clusters for user segments; ids carry no meaning, so they
    stand here for comparison only. Reads ``analytics.standardised_ratings``.

    Raises:
        UserError: There are fewer different ratings than clusters.
    """
    from sklearn.cluster import KMeans

    started_at = now()
    ratings = connection.execute(
        "select user_id, movie_id, user_id_z, movie_id_z, rating_z"
        " from analytics.standardised_ratings order by user_id, movie_id"
    ).df()
    if len(ratings) < CLUSTERS:
        raise UserError(f"{len(ratings)} ratings are too few to train on: load more.")
    model = KMeans(n_clusters=CLUSTERS, n_init=10, random_state=SEED)
    clusters = model.fit_predict(ratings[["user_id_z", "movie_id_z", "rating_z"]].to_numpy())
    return Run(
        model="rating_clusters",
        started_at=started_at,
        finished_at=now(),
        params=model.get_params(),
        protocol=None,
        seed=SEED,
        results={"rating_clusters": ratings[["user_id", "movie_id"]].assign(cluster=clusters)},
    )


def fit_matrix_factorisation(connection: duckdb.DuckDBPyConnection, report: EpochReport) -> Run:
    """Fit the reference's matrix factorisation on the training rows of the random protocol.

    Validation rows decide when to stop; test rows are only predicted. Reads
    ``features.rating_splits``, ``features.user_codes`` and ``features.movie_codes``.

    Raises:
        UserError: A part of the protocol has no ratings.
    """
    started_at = now()
    users = _codes(connection, "user")
    movies = _codes(connection, "movie")
    parts = {split: _part(connection, split) for split in ("train", "validation", "test")}
    for split, rows in parts.items():
        if rows.empty:
            raise UserError(f"The {split} part has no ratings: load more of them.")
    codes = {
        split: rows[["user_code", "movie_code"]].to_numpy(np.int64) for split, rows in parts.items()
    }
    stars = {split: rows["rating"].to_numpy(np.float64) for split, rows in parts.items()}
    model = MatrixFactorisation(
        n_users=len(users), n_movies=len(movies), scale=_scale(connection), random_state=SEED
    )
    model.fit(
        codes["train"], stars["train"], (codes["validation"], stars["validation"]), report=report
    )
    predicted = [
        parts[split][["user_id", "movie_id"]].assign(prediction=model.predict(codes[split]))
        for split in ("validation", "test")
    ]
    return Run(
        model="matrix_factorisation",
        started_at=started_at,
        finished_at=now(),
        params=model.get_params(),
        protocol="random",
        seed=SEED,
        results={
            "training_history": pd.DataFrame(model.history_),
            "rating_predictions": pd.concat(predicted, ignore_index=True),
            "user_embeddings": users[["user_id"]].assign(embedding=list(model.user_factors_)),
            "movie_embeddings": movies[["movie_id"]].assign(embedding=list(model.movie_factors_)),
        },
    )


def _codes(connection: duckdb.DuckDBPyConnection, entity: str) -> pd.DataFrame:
    return connection.execute(f"from features.{entity}_codes order by {entity}_code").df()


def _part(connection: duckdb.DuckDBPyConnection, split: str) -> pd.DataFrame:
    return connection.execute(
        "select splits.user_id, splits.movie_id, splits.rating, users.user_code,"
        " movies.movie_code"
        " from features.rating_splits as splits"
        " inner join features.user_codes as users on splits.user_id = users.user_id"
        " inner join features.movie_codes as movies on splits.movie_id = movies.movie_id"
        " where splits.random_split = ?"
        " order by splits.user_id, splits.movie_id",
        [split],
    ).df()


def _scale(connection: duckdb.DuckDBPyConnection) -> tuple[float, float]:
    ((low, high),) = connection.execute(
        "select scale_min, scale_max from analytics.dataset_summary"
    ).fetchall()
    return float(low), float(high)
