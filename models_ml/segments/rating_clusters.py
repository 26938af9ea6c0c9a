"""The reference's clusters of ratings: K-means on user id, movie id and rating."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from models_ml.fitting.recipe import Outcome, Recipe, Task
from models_ml.fitting.saving import SavedModel
from models_ml.fitting.training import drawn
from warehouse.errors import UserError


class RatingClusters(SavedModel):
    """K-means (Lloyd, Least squares quantization in PCM, 1982) on standardised columns.

    Args:
        n_clusters: Number of clusters.
        n_init: Starts of K-means, of which the one with the least inertia is kept.
        max_rows: Rows that are fitted at most; of more, so many are drawn at random.
        random_state: Seed of the first centres and of the rows that are drawn.

    Attributes:
        cluster_centers_: The clusters' centres, shape (n_clusters, columns).
        limits_: ``fitted_rows`` where not all rows were fitted; not saved.
    """

    state: ClassVar = ("cluster_centers_",)

    def __init__(
        self,
        n_clusters: int = 5,
        n_init: int = 10,
        max_rows: int = 1_000_000,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X: NDArray[np.float64], y: None = None) -> "RatingClusters":  # noqa: N803
        """Find the centres of standardised rows, shape (rows, columns)."""
        from sklearn.cluster import KMeans

        rows = drawn(len(X), self.max_rows, np.random.default_rng(self.random_state))
        self.limits_ = {"fitted_rows": len(rows)} if len(rows) < len(X) else {}
        means = KMeans(self.n_clusters, n_init=self.n_init, random_state=self.random_state)
        means.fit(X[rows])
        self.cluster_centers_ = means.cluster_centers_
        return self

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.int64]:  # noqa: N803
        """Name the nearest centre of each row, shape (rows,), counted from 0."""
        from sklearn.metrics import pairwise_distances_argmin

        return np.asarray(pairwise_distances_argmin(X, self.cluster_centers_), dtype=np.int64)


def train(task: Task) -> Outcome:
    """Cluster the rows of ``analytics.standardised_ratings``.

    The reference analysis took these clusters for user segments; ids carry no meaning, so they
    stand here for comparison only.

    Raises:
        UserError: There are fewer ratings than clusters.
    """
    model = RatingClusters(**task.params, random_state=task.seed)
    ratings = task.marts["analytics.standardised_ratings"].sort_values(["user_id", "movie_id"])
    if len(ratings) < model.n_clusters:
        raise UserError(f"{len(ratings)} ratings are too few to train on: load more.")
    columns = ratings[["user_id_z", "movie_id_z", "rating_z"]].to_numpy(np.float64)
    clusters = model.fit(columns).predict(columns)
    rows = ratings[["user_id", "movie_id"]].assign(cluster=clusters)
    note = f"{model.n_clusters} clusters by K-means"
    return Outcome(model, {"rating_clusters": rows}, note, model.limits_)


RECIPE = Recipe(
    name="rating_clusters",
    role="clusters",
    description="K-means on user id, movie id and rating, as in the reference analysis.",
    model=RatingClusters,
    marts=("analytics.standardised_ratings",),
    protocols=("serving",),
    train=train,
    serving_rank=1,
)
