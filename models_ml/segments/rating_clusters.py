"""The reference's clusters of ratings: K-means on user id, movie id and rating."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from models_ml.fitting.recipe import Outcome, Recipe, Task
from models_ml.fitting.saving import SavedModel
from warehouse.errors import UserError


class RatingClusters(SavedModel):
    """K-means (Lloyd, Least squares quantization in PCM, 1982) on standardised columns.

    Args:
        n_clusters: Number of clusters.
        n_init: Starts of K-means, of which the one with the least inertia is kept.
        random_state: Seed of the first centres.

    Attributes:
        cluster_centers_: The clusters' centres, shape (n_clusters, columns).
    """

    state: ClassVar = ("cluster_centers_",)

    def __init__(self, n_clusters: int = 5, n_init: int = 10, random_state: int = 0) -> None:
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X: NDArray[np.float64], y: None = None) -> "RatingClusters":  # noqa: N803
        """Find the centres of standardised rows, shape (rows, columns)."""
        from sklearn.cluster import KMeans

        means = KMeans(self.n_clusters, n_init=self.n_init, random_state=self.random_state).fit(X)
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
    return Outcome(model, {"rating_clusters": rows}, f"{model.n_clusters} clusters by K-means")


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
