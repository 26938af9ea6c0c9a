"""Segments of users: K-means on what they do, as many as the data bear out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.ids import Values
from models_ml.fitting.recipe import Outcome, Recipe, Task
from models_ml.fitting.saving import SavedModel
from warehouse.errors import UserError

Labels = NDArray[np.int64]

GENRES = (
    *("action", "adventure", "animation", "children", "comedy", "crime", "documentary", "drama"),
    *("fantasy", "film_noir", "horror", "imax", "musical", "mystery", "romance", "sci_fi"),
    *("thriller", "war", "western"),
)

# Each group counts as much as any other, however many features it has.
GROUPS = (
    ("mean_rating", "std_rating", "half_star_pct"),
    ("rating_count", "span_days", "ratings_per_active_day"),
    ("mean_release_year", "old_affinity", "mean_obscurity_pct"),
    tuple(f"{genre}_affinity" for genre in GENRES),
    tuple(f"{genre}_pct" for genre in GENRES),
)
FEATURES = tuple(name for group in GROUPS for name in group)
WEIGHTS = np.array([len(group) ** -0.5 for group in GROUPS for _ in group])

# A few users have a hundred times what most have: of these, logarithms are compared.
IS_SKEWED = np.isin(FEATURES, ["rating_count", "span_days", "ratings_per_active_day"])

# Standard deviations from the mean beyond which it no longer matters how far a user is out.
FARTHEST = 3.0
# Users that there must be for each segment that is tried.
USERS_A_SEGMENT = 10
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

    Features are standardised over users, skewed ones as logarithms; unknown values count as the
    mean, and outliers as three standard deviations. Then the leading principal components are
    kept: they span what K-means would find without the noise of single features (Ding and He,
    K-means clustering via principal component analysis, 2004).

    Of ``fewest`` to ``most`` segments, the number with the smallest sum of two ranks is taken,
    fewer where two tie: its rank by mean silhouette (Rousseeuw, 1987), and its rank by stability,
    the mean adjusted Rand index between the segments that bootstrap samples of the users give all
    users (Lange et al., Stability-based validation of clustering solutions, 2004; Hennig,
    Cluster-wise assessment of cluster stability, 2007). Silhouettes favour compact segments,
    stability those that other users of the same kind would show too. Numbers with a smaller
    segment than ``smallest_pct`` are out, unless all are. There are at least ten users to each
    segment that is tried; so few that not even ``fewest`` can be are one segment.

    Args:
        fewest: The smallest number of segments that is tried.
        most: The largest.
        smallest_pct: Share of the users that a segment should have at least, 0 to 100.
        axes: Number of principal components, at least two.
        starts: Starts of K-means, of which the one with the least inertia is kept.
        samples: Number of bootstrap samples.
        random_state: Seed of first centres and samples.

    Attributes:
        means_: Each feature's mean, skewed ones as logarithms, shape (features,).
        scales_: Each feature's standard deviation; 1 where all users are alike.
        axes_: The principal components, one a column, shape (features, axes).
        centres_: The segments' centres on the axes, the largest segment first.
        trials_: What each number of segments came to; not saved.
    """

    state: ClassVar = ("means_", "scales_", "axes_", "centres_")

    def __init__(
        self,
        fewest: int = 3,
        most: int = 12,
        smallest_pct: float = 3.0,
        axes: int = 4,
        starts: int = 5,
        samples: int = 20,
        random_state: int = 0,
    ) -> None:
        self.fewest = fewest
        self.most = most
        self.smallest_pct = smallest_pct
        self.axes = axes
        self.starts = starts
        self.samples = samples
        self.random_state = random_state

    def fit(self, X: pd.DataFrame | Values, y: None = None) -> "UserSegments":  # noqa: N803
        """Choose the number of segments and find their centres.

        Args:
            X: Users, shape (users, features): a frame with the columns ``FEATURES``, or an array
                of these in their order. NaN where something is unknown.
            y: Nothing.

        Raises:
            UserError: There are no users.
        """
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        values = _values(X)
        if not len(values):
            raise UserError("There are no users to segment: load ratings first.")
        self.means_, self.scales_ = _means_and_scales(values)
        self.axes_ = principal_axes(self._standardised(values), self.axes)
        points = self._points(values)
        # Hundreds of fits of milliseconds: threads would only wait for each other.
        with threadpool_limits(1):
            self.trials_ = self._trials(points)
            segments = best(self.trials_, self.smallest_pct) if self.trials_ else 1
            centres = self._centres(points, segments, self.random_state)
        sizes = np.bincount(_nearest(points, centres), minlength=segments)
        self.centres_ = centres[np.argsort(-sizes, kind="stable")]
        return self

    def predict(self, X: pd.DataFrame | Values) -> Labels:  # noqa: N803
        """Name each user's segment, shape (users,), counted from 0, the largest first."""
        return _nearest(self._points(_values(X)), self.centres_)

    def coordinates(self, X: pd.DataFrame | Values) -> Values:  # noqa: N803
        """Place users in a picture, shape (users, 2); one of whom nothing is known is at (0, 0)."""
        return self._points(_values(X))[:, :2]

    def _standardised(self, values: Values) -> Values:
        standard = np.clip((values - self.means_) / self.scales_, -FARTHEST, FARTHEST)
        return np.asarray(np.nan_to_num(standard) * WEIGHTS)

    def _points(self, values: Values) -> Values:
        # BLAS may sum a few rows in another order than many; the last digits must not show it.
        return np.asarray((self._standardised(values) @ self.axes_).round(9))

    def _centres(self, points: Values, segments: int, seed: int) -> Values:
        from sklearn.cluster import KMeans

        means = KMeans(segments, n_init=self.starts, random_state=seed).fit(points)
        return np.asarray(means.cluster_centers_)

    def _trials(self, points: Values) -> list[Trial]:
        generator = np.random.default_rng(self.random_state)
        if len(points) > MAX_USERS:
            points = points[generator.choice(len(points), MAX_USERS, replace=False)]
        most = min(self.most, len(np.unique(points, axis=0)) // USERS_A_SEGMENT)
        draws = generator.integers(len(points), size=(self.samples, len(points)))
        return [self._trial(points, k, draws) for k in range(self.fewest, most + 1)]

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


def principal_axes(rows: Values, count: int) -> Values:
    """Find the directions in which rows vary most, one a column, shape (columns, count).

    An axis points to where its largest entry is positive, so that pictures do not flip.
    """
    centred = rows - rows.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :count]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
    return np.asarray(axes * np.sign(largest))


def stability(clusterings: list[Labels]) -> float:
    """Average the adjusted Rand index (Hubert and Arabie, 1985) over all pairs of clusterings."""
    from sklearn.metrics import adjusted_rand_score

    return float(
        np.mean(
            [
                adjusted_rand_score(one, other)
                for place, one in enumerate(clusterings)
                for other in clusterings[:place]
            ]
        )
    )


def best(trials: list[Trial], smallest_pct: float) -> int:
    """Choose a number of segments: the smallest sum of ranks by silhouette and by stability."""
    large = [trial for trial in trials if trial.smallest_pct >= smallest_pct] or trials

    def ranks(trial: Trial) -> int:
        return sum(
            (other.silhouette > trial.silhouette) + (other.stability > trial.stability)
            for other in large
        )

    return min(large, key=lambda trial: (ranks(trial), trial.segments)).segments


def _values(users: pd.DataFrame | Values) -> Values:
    """Take the features of users, shape (users, features), with the logarithms of skewed ones."""
    if isinstance(users, pd.DataFrame):
        users = users[list(FEATURES)].to_numpy(np.float64, na_value=np.nan)
    values = np.array(users, dtype=np.float64)
    values[:, IS_SKEWED] = np.log1p(values[:, IS_SKEWED])
    return values


def _means_and_scales(values: Values) -> tuple[Values, Values]:
    """Average the known values of each feature; one of which none is known has mean 0, scale 1."""
    frame = pd.DataFrame(values)
    means = frame.mean().fillna(0.0).to_numpy()
    scales = frame.std().fillna(0.0).to_numpy()
    # Equal values can differ from their own mean in the last digit.
    return means, np.where(scales > 1e-9, scales, 1.0)


def _nearest(points: Values, centres: Values) -> Labels:
    from sklearn.metrics import pairwise_distances_argmin

    return np.asarray(pairwise_distances_argmin(points, centres), dtype=np.int64)


def train(task: Task) -> Outcome:
    """Segment all users of ``features.user_features``.

    Raises:
        UserError: There are no users.
    """
    users = task.marts["features.user_features"].sort_values("user_id", ignore_index=True)
    task.report("trying numbers of segments")
    model = UserSegments(**task.params, random_state=task.seed).fit(users)
    segments = users[["user_id"]].assign(segment=model.predict(users))
    segments[["x", "y"]] = model.coordinates(users)
    metrics = pd.DataFrame(
        [
            (metric, f"segments={trial.segments}", getattr(trial, metric))
            for trial in model.trials_
            for metric in ("silhouette", "stability", "smallest_pct")
        ],
        columns=["metric", "setting", "value"],
    ).astype({"value": float})
    count = len(model.centres_)
    note = f"{len(users):,} users in {count} segment{'s' if count > 1 else ''}"
    return Outcome(model, {"user_segments": segments, "metrics": metrics}, note)


RECIPE = Recipe(
    name="user_segments",
    role="segments",
    description="K-means on the main axes in which users differ.",
    model=UserSegments,
    marts=("features.user_features",),
    protocols=(None,),
    train=train,
    serving_rank=1,
)
