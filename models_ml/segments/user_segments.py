"""Segments of users: K-means on what they do, as many as the data bear out."""

from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.ids import Values
from models_ml.fitting.recipe import Outcome, Recipe, Task
from models_ml.fitting.saving import SavedModel
from warehouse.errors import UserError

Labels = NDArray[np.int64]

# Users that there must be for each segment that is tried.
USERS_PER_SEGMENT = 10
# Users of whom a choice is made: silhouettes compare each with each.
MAX_USERS = 10_000


@dataclass(frozen=True)
class Trial:
    """A number of segments, and how well the users fall into so many.

    Attributes:
        segments: The number.
        silhouette: How much closer users are to their own segment than to the next, -1 to 1.
        stability: How well segments of resampled users agree, 1 where they are the same.
        smallest_pct: Share of the users in the smallest segment, 0 to 100.
    """

    segments: int
    silhouette: float
    stability: float
    smallest_pct: float


class UserSegments(SavedModel):
    """K-means on the main axes in which users differ.

    The leading principal components of the users' traits are kept: they span what K-means would
    find without the noise of single traits (Ding and He, K-means clustering via principal
    component analysis, 2004).

    Of ``min_clusters`` to ``max_clusters`` segments, the number with the smallest sum of two ranks
    is taken, fewer where two tie: its rank by mean silhouette (Rousseeuw, 1987), and its rank by
    stability, the mean adjusted Rand index between the segments that bootstrap samples of the users
    give all users (Lange et al., Stability-based validation of clustering solutions, 2004; Hennig,
    Cluster-wise assessment of cluster stability, 2007). Silhouettes favour compact segments,
    stability those that other users of the same kind would show too. Numbers with a smaller
    segment than ``smallest_pct`` are out, unless all are. There are at least ten users to each
    segment that is tried; too few users for ``min_clusters`` are one segment.

    Args:
        min_clusters: The smallest number of segments that is tried.
        max_clusters: The largest.
        smallest_pct: Share of the users that a segment should have at least, 0 to 100.
        n_components: Number of principal components, at least two.
        n_init: Starts of K-means, of which the one with the least inertia is kept.
        n_resamples: Number of bootstrap samples.
        random_state: Seed of first centres and samples.

    Attributes:
        components_: The principal components, shape (n_components, traits); the largest entry of
            each is positive, so that pictures do not flip.
        cluster_centers_: The segments' centres on the components, the largest segment first, shape
            (segments, n_components).
        trials_: What each number of segments came to; not saved.
    """

    state: ClassVar = ("components_", "cluster_centers_")

    def __init__(
        self,
        min_clusters: int = 3,
        max_clusters: int = 12,
        smallest_pct: float = 3.0,
        n_components: int = 4,
        n_init: int = 5,
        n_resamples: int = 20,
        random_state: int = 0,
    ) -> None:
        self.min_clusters = min_clusters
        self.max_clusters = max_clusters
        self.smallest_pct = smallest_pct
        self.n_components = n_components
        self.n_init = n_init
        self.n_resamples = n_resamples
        self.random_state = random_state

    def fit(self, X: pd.DataFrame | Values, y: None = None) -> "UserSegments":  # noqa: N803
        """Choose the number of segments and find their centres.

        Args:
            X: What :func:`weighted_traits` gives, shape (users, traits).
            y: Nothing.

        Returns:
            The model itself.

        Raises:
            UserError: There are no users.
        """
        from sklearn.decomposition import PCA
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        values = np.asarray(X, dtype=np.float64)
        if not len(values):
            raise UserError("There are no users to segment: load ratings first.")
        # PCA asks for as many users as components, and users who stand there twice change none.
        copies = self.n_components if len(values) < self.n_components else 1
        pca = PCA(self.n_components, svd_solver="covariance_eigh")
        # Where all users are alike, no component has a share of their variance.
        with np.errstate(invalid="ignore"):
            self.components_ = pca.fit(np.tile(values, (copies, 1))).components_
        points = self._points(values)
        # Hundreds of fits of milliseconds: threads would only wait for each other.
        with threadpool_limits(1):
            self.trials_ = self._trials(points)
            segments = choose_segment_count(self.trials_, self.smallest_pct) if self.trials_ else 1
            centres = self._centres(points, segments, self.random_state)
        sizes = np.bincount(_nearest(points, centres), minlength=segments)
        self.cluster_centers_ = centres[np.argsort(-sizes, kind="stable")]
        return self

    def predict(self, X: pd.DataFrame | Values) -> Labels:  # noqa: N803
        """Name each user's segment, shape (users,), counted from 0, the largest first."""
        return _nearest(self._points(X), self.cluster_centers_)

    def coordinates(self, X: pd.DataFrame | Values) -> Values:  # noqa: N803
        """Give each user a point in a picture, shape (users, 2).

        A user of whom nothing is known is at (0, 0).
        """
        return self._points(X)[:, :2]

    def _points(self, X: pd.DataFrame | Values) -> Values:  # noqa: N803
        # BLAS may sum a few rows in another order than many; the last digits must not show it.
        values = np.asarray(X, dtype=np.float64)
        return np.asarray((values @ self.components_.T).round(9))

    def _centres(self, points: Values, segments: int, seed: int) -> Values:
        from sklearn.cluster import KMeans

        means = KMeans(segments, n_init=self.n_init, random_state=seed).fit(points)
        return np.asarray(means.cluster_centers_)

    def _trials(self, points: Values) -> list[Trial]:
        generator = np.random.default_rng(self.random_state)
        if len(points) > MAX_USERS:
            points = points[generator.choice(len(points), MAX_USERS, replace=False)]
        most = min(self.max_clusters, len(np.unique(points, axis=0)) // USERS_PER_SEGMENT)
        draws = generator.integers(len(points), size=(self.n_resamples, len(points)))
        return [self._trial(points, k, draws) for k in range(self.min_clusters, most + 1)]

    def _trial(self, points: Values, segments: int, draws: NDArray[np.int64]) -> Trial:
        from sklearn.metrics import silhouette_score

        labels = _nearest(points, self._centres(points, segments, self.random_state))
        resampled = [
            _nearest(points, self._centres(points[draw], segments, seed))
            for seed, draw in enumerate(draws, start=self.random_state + 1)
        ]
        return Trial(
            segments=segments,
            silhouette=float(silhouette_score(points, labels)),
            stability=stability(resampled),
            smallest_pct=100 * float(np.bincount(labels, minlength=segments).min()) / len(points),
        )


def weighted_traits(traits: pd.DataFrame) -> pd.DataFrame:
    """Spread traits over columns, so that each group of traits weighs the same.

    Args:
        traits: Rows of ``features.user_traits``: ``user_id``, ``trait``, ``trait_group``,
            ``standard_value``.

    Returns:
        One row per user, by ``user_id`` in ascending order, and one column per trait: its standard
        value over the square root of the number of traits in its group, so that the squares of a
        group's weights add up to 1.
    """
    groups = traits.drop_duplicates("trait").set_index("trait")["trait_group"].astype(str)
    weights = groups.map(groups.value_counts()).astype(float) ** -0.5
    return traits.pivot(index="user_id", columns="trait", values="standard_value") * weights


def stability(clusterings: list[Labels]) -> float:
    """Average the adjusted Rand index (Hubert and Arabie, 1985) over all pairs of clusterings."""
    from sklearn.metrics import adjusted_rand_score

    return float(
        np.mean([adjusted_rand_score(one, other) for one, other in combinations(clusterings, 2)])
    )


def choose_segment_count(trials: list[Trial], smallest_pct: float) -> int:
    """Choose a number of segments: the smallest sum of ranks by silhouette and by stability."""
    large = [trial for trial in trials if trial.smallest_pct >= smallest_pct] or trials

    def ranks(trial: Trial) -> int:
        return sum(
            (other.silhouette > trial.silhouette) + (other.stability > trial.stability)
            for other in large
        )

    return min(large, key=lambda trial: (ranks(trial), trial.segments)).segments


def _nearest(points: Values, centres: Values) -> Labels:
    from sklearn.metrics import pairwise_distances_argmin

    return np.asarray(pairwise_distances_argmin(points, centres), dtype=np.int64)


def train(task: Task) -> Outcome:
    """Segment all users of ``features.user_traits``.

    Raises:
        UserError: There are no users.
    """
    users = weighted_traits(task.marts["features.user_traits"])
    task.report("trying numbers of segments")
    model = UserSegments(**task.params, random_state=task.seed).fit(users)
    segments = pd.DataFrame({"user_id": users.index, "segment": model.predict(users)})
    segments[["x", "y"]] = model.coordinates(users)
    metrics = pd.DataFrame(
        [
            (metric, f"segments={trial.segments}", getattr(trial, metric))
            for trial in model.trials_
            for metric in ("silhouette", "stability", "smallest_pct")
        ],
        columns=["metric", "setting", "value"],
    ).astype({"value": float})
    count = len(model.cluster_centers_)
    note = f"{len(users):,} users in {count} segment{'s' if count > 1 else ''}"
    return Outcome(model, {"user_segments": segments, "metrics": metrics}, note)


RECIPE = Recipe(
    name="user_segments",
    role="segments",
    description="K-means on the main axes in which users differ.",
    model=UserSegments,
    marts=("features.user_traits",),
    protocols=("serving",),
    train=train,
    serving_rank=1,
)
