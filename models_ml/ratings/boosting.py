"""Ratings by boosted trees over features of the user and the movie, with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from models_ml.fitting.backend import load_lightgbm
from models_ml.fitting.ids import Ids, Values, codes_of, ids_and_ratings
from models_ml.fitting.recipe import Outcome, Recipe, Report, Task
from models_ml.fitting.saving import SavedModel
from models_ml.fitting.training import (
    History,
    drawn,
    fit_trees,
    trees_from_bytes,
    trees_to_bytes,
)
from models_ml.ratings.conformal import conformal_quantile
from models_ml.ratings.predictions import predictions

USER_FEATURES = (
    *("rating_count", "user_bias", "std_rating", "half_star_pct"),
    *("mean_release_year", "mean_obscurity_pct"),
    *("release_year_affinity", "obscurity_affinity", "consensus_affinity"),
)
MOVIE_FEATURES = (
    *("release_year", "genre_count"),
    *("rating_count", "movie_bias", "std_rating", "half_star_pct", "obscurity_pct"),
)
ALL_ROWS = 0
"""The held-out fold of the features that all training rows make."""
NOBODY = np.iinfo(np.int64).min
"""A user's id that no file can hold."""

BLOCK = 500_000
"""Rows whose features are in memory at once."""
LEAST_SPREAD = 0.05
"""Stars by which a prediction is expected to be off at least."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Entities:
    """What is known of users and movies, as far as the rows of some folds tell.

    The last row of each array but the ids is that of a user or movie nobody knows: NaN.

    Attributes:
        mean: The mean rating in stars.
        user_ids: Ids, ascending, shape (users,).
        users: The columns ``USER_FEATURES``, shape (users + 1, columns).
        affinities: A user's affinity for each genre, shape (users + 1, genres).
        movie_ids: Ids, ascending, shape (movies,).
        movies: The columns ``MOVIE_FEATURES``, shape (movies + 1, columns).
        genres: 1 where a movie is of a genre, else 0, shape (movies + 1, genres).
    """

    mean: float
    user_ids: Ids
    users: Matrix
    affinities: Matrix
    movie_ids: Ids
    movies: Matrix
    genres: Matrix

    def features(self, X: Ids) -> Matrix:  # noqa: N803 (scikit-learn's name)
        """Look the features of rows up, shape (rows, features)."""
        users, movies = self._codes(X)
        genres = self.genres[movies]
        with np.errstate(invalid="ignore"):
            affinity = (self.affinities[users] * genres).sum(axis=1) / genres.sum(axis=1)
        return np.hstack([self.users[users], self.movies[movies], affinity[:, None], genres])

    def biases(self, X: Ids) -> Values:  # noqa: N803
        """Predict the mean and the two biases, which the trees start from, shape (rows,)."""
        users, movies = self._codes(X)
        user_bias = self.users[users, USER_FEATURES.index("user_bias")]
        movie_bias = self.movies[movies, MOVIE_FEATURES.index("movie_bias")]
        summed = self.mean + np.nan_to_num(user_bias) + np.nan_to_num(movie_bias)
        return np.asarray(summed, dtype=np.float64)

    def _codes(self, X: Ids) -> tuple[Ids, Ids]:  # noqa: N803
        return codes_of(X[:, 0], self.user_ids), codes_of(X[:, 1], self.movie_ids)


def entities_of(marts: Mapping[str, pd.DataFrame], held_out_fold: int) -> Entities:
    """Take what all folds but one tell out of the marts that ``RECIPE`` names."""

    def rows(mart: str) -> pd.DataFrame:
        frame = marts[mart]
        return frame[frame["held_out_fold"] == held_out_fold]

    movie_genres = marts["core.bridge_movie_genres"]
    names = pd.Index(sorted(movie_genres["genre"].unique()))
    users = rows("features.fold_user_features").sort_values("user_id")
    movies = rows("features.fold_movie_features").sort_values("movie_id")
    affinities = rows("features.fold_user_genre_features")
    user_ids = users["user_id"].to_numpy(np.int64)
    movie_ids = movies["movie_id"].to_numpy(np.int64)
    affinity_table = np.zeros((len(user_ids), len(names)), dtype=np.float32)
    affinity_table[
        codes_of(affinities["user_id"].to_numpy(np.int64), user_ids),
        names.get_indexer(affinities["genre"]),
    ] = affinities["genre_affinity"]
    genre_table = np.zeros((len(movie_ids), len(names)), dtype=np.float32)
    genre_table[
        codes_of(movie_genres["movie_id"].to_numpy(np.int64), movie_ids),
        names.get_indexer(movie_genres["genre"]),
    ] = 1
    return Entities(
        mean=float(rows("features.fold_means")["mean_rating"].iloc[0]),
        user_ids=user_ids,
        users=_with_unknown(users[list(USER_FEATURES)].to_numpy(np.float32, na_value=np.nan)),
        affinities=_with_unknown(affinity_table),
        movie_ids=movie_ids,
        movies=_with_unknown(movies[list(MOVIE_FEATURES)].to_numpy(np.float32, na_value=np.nan)),
        genres=_with_unknown(genre_table),
    )


def _with_unknown(table: Matrix) -> Matrix:
    return np.vstack([table, np.full((1, table.shape[1]), np.nan, dtype=np.float32)])


def feature_names(marts: Mapping[str, pd.DataFrame]) -> list[str]:
    """Name the columns of :meth:`Entities.features`."""
    return [
        *(f"user_{name}".replace("user_user_", "user_") for name in USER_FEATURES),
        *(f"movie_{name}".replace("movie_movie_", "movie_") for name in MOVIE_FEATURES),
        "genre_affinity",
        *(f"genre {name}" for name in sorted(marts["core.bridge_movie_genres"]["genre"].unique())),
    ]


@dataclass(frozen=True)
class Rows:
    """Rows to fit: features, ratings, and the biases' predictions, which the trees correct."""

    features: Matrix
    stars: Values
    biases: Values


class Boosting(RegressorMixin, SavedModel):  # type: ignore[misc]
    """Gradient-boosted trees that correct the biases of user and movie.

    Trees (Ke et al., LightGBM, NeurIPS 2017) over what SQL knows of the user and the movie are
    added to the mean and the two biases. A second ensemble predicts how far off the first one is.
    An interval reaches as many times this spread to both sides that as many validation rows as
    promised lie in theirs (Lei et al., Distribution-free predictive inference for regression, JASA
    113, 2018, section 5.2).

    A training row's features come from the rows of other folds alone, so that its own rating has
    no part in them; those of any other row come from all training rows. To learn what to say of
    a user without ratings, a share of the training rows is fitted a second time with the user
    hidden; the intervals of such users have a reach of their own, from all validation rows with
    their users hidden, where each user counts as much as another.

    Args:
        scale: The lowest and the highest rating, in stars; predictions stay between them.
        learning_rate: What a tree's leaf adds is multiplied by this.
        interval_learning_rate: The same for the trees of the spread.
        num_leaves: Leaves of a tree at most.
        min_child_samples: Rows of a leaf at least.
        colsample_bytree: Share of the features that a tree may split on.
        subsample: Share of the rows that a tree sees.
        reg_lambda: Penalty on the square of a leaf's value.
        max_bin: Values of a feature that a tree can tell apart.
        max_rows: Training rows that are fitted, and validation rows that decide when to stop, at
            most; of more, so many are drawn at random.
        n_estimators: Trees of an ensemble at most.
        patience: Trees without a better validation loss before an ensemble is complete.
        hidden_share: Share of the training rows that are fitted once more without their user.
        level: The probability with which a rating is to lie in its interval.
        random_state: Seed of the shares.

    Attributes:
        mean_: The mean rating, and next the arrays of :class:`Entities`, from all training rows.
        trees_, spread_trees_: The ensembles as LightGBM's text, in bytes.
        reaches_: How many times the spread intervals reach, for users with and without ratings,
            shape (2,).
        limits_: ``fitted_rows`` where not all training rows were fitted; not saved.
        gains_, split_counts_: What each feature's splits in ``trees_`` saved, and their number.
        history_: One row per tree of ``trees_``: ``epoch``, ``loss``, ``val_loss``, ``seconds``.
    """

    state: ClassVar = (
        *("mean_", "user_ids_", "users_", "affinities_", "movie_ids_", "movies_", "genres_"),
        *("trees_", "spread_trees_", "reaches_"),
    )

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 5.0),
        learning_rate: float = 0.08,
        interval_learning_rate: float = 0.1,
        num_leaves: int = 31,
        min_child_samples: int = 40,
        colsample_bytree: float = 0.5,
        subsample: float = 0.8,
        reg_lambda: float = 5.0,
        max_bin: int = 127,
        max_rows: int = 300_000,
        n_estimators: int = 2000,
        patience: int = 30,
        hidden_share: float = 0.2,
        level: float = 0.9,
        random_state: int = 0,
    ) -> None:
        self.scale = scale
        self.learning_rate = learning_rate
        self.interval_learning_rate = interval_learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.colsample_bytree = colsample_bytree
        self.subsample = subsample
        self.reg_lambda = reg_lambda
        self.max_bin = max_bin
        self.max_rows = max_rows
        self.n_estimators = n_estimators
        self.patience = patience
        self.hidden_share = hidden_share
        self.level = level
        self.random_state = random_state

    def fit(
        self,
        X: Ids,  # noqa: N803 (scikit-learn's name)
        y: Values,
        folds: NDArray[np.int64],
        entities: Mapping[int, Entities],
        validation: tuple[Ids, Values],
        report: Report = lambda words: None,
    ) -> "Boosting":
        """Fit both ensembles and the reaches.

        Args:
            X: Ids, shape (ratings, 2): a user's and a movie's in each row.
            y: Ratings in stars, shape (ratings,).
            folds: The rows' folds, at least 1, shape (ratings,).
            entities: By each fold, what the training rows of all others tell; by 0, what all do.
            validation: ``X`` and ``y`` of the rows that decide when to stop and how wide
                intervals are.
            report: Called with a few words after each tree.

        Returns:
            The model itself.
        """
        known = entities[ALL_ROWS]
        self.mean_ = np.array(known.mean)
        self.user_ids_, self.users_ = known.user_ids, known.users
        self.movie_ids_, self.movies_ = known.movie_ids, known.movies
        self.affinities_, self.genres_ = known.affinities, known.genres
        generator = np.random.default_rng(self.random_state)
        rows = drawn(len(y), self.max_rows, generator)
        self.limits_ = {"fitted_rows": len(rows)} if len(rows) < len(y) else {}
        training = self._training_rows(X[rows], y[rows], folds[rows], entities, generator)
        rows = drawn(len(validation[1]), self.max_rows, generator)
        ids, stars = validation[0][rows], validation[1][rows]
        validating = Rows(known.features(ids), stars, known.biases(ids))
        history = History(report, unit="tree")
        trees, spread_trees = self._boost(training, validating, history)
        self.history_ = history.rows
        self.gains_ = trees.feature_importance("gain")
        self.split_counts_ = trees.feature_importance("split")
        self.trees_, self.spread_trees_ = map(trees_to_bytes, (trees, spread_trees))
        self.reaches_ = self._calibrate(*validation)
        return self

    def predict(self, X: Ids) -> Values:  # noqa: N803
        """Predict ratings in stars, on the scale; ``X`` as in :meth:`fit`, result (ratings,)."""
        return self._predict(X)[0]

    def predict_interval(self, X: Ids) -> tuple[Values, Values]:  # noqa: N803
        """Predict the lower and the upper ends of intervals, on the scale, both (ratings,)."""
        return self.predict_all(X)[1:]

    def predict_all(self, X: Ids) -> tuple[Values, Values, Values]:  # noqa: N803
        """Predict ratings and both ends of their intervals at once, each of shape (ratings,)."""
        predicted, spreads = self._predict(X, with_spreads=True)
        is_unknown = codes_of(X[:, 0], self.user_ids_) == len(self.user_ids_)
        reaches = self.reaches_[is_unknown.astype(int)] * spreads
        low, high = self.scale
        return (
            predicted,
            np.maximum(predicted - reaches, low),
            np.minimum(predicted + reaches, high),
        )

    def _training_rows(
        self,
        X: Ids,  # noqa: N803
        y: Values,
        folds: NDArray[np.int64],
        entities: Mapping[int, Entities],
        generator: np.random.Generator,
    ) -> Rows:
        features, stars, biases = [], [], []
        for fold in np.unique(folds):
            ids, ratings = X[folds == fold], y[folds == fold]
            chosen = generator.random(len(ids)) < self.hidden_share
            ids = np.vstack([ids, _hidden(ids[chosen])])
            features.append(entities[fold].features(ids))
            biases.append(entities[fold].biases(ids))
            stars += [ratings, ratings[chosen]]
        return Rows(np.vstack(features), np.concatenate(stars), np.concatenate(biases))

    def _boost(self, training: Rows, validation: Rows, history: History) -> tuple[Any, Any]:
        """Fit the trees and those of the spread; the features are put into bins once."""
        lightgbm = load_lightgbm()
        params = {
            "objective": "l2",
            "num_leaves": self.num_leaves,
            "min_child_samples": self.min_child_samples,
            "colsample_bytree": self.colsample_bytree,
            "subsample": self.subsample,
            "reg_lambda": self.reg_lambda,
            "max_bin": self.max_bin,
        }
        data = lightgbm.Dataset(
            training.features, training.stars, init_score=training.biases, params=params
        )
        validating = data.create_valid(
            validation.features, validation.stars, init_score=validation.biases
        )

        def fit(learning_rate: float, history: History) -> Any:
            def log(state: Any) -> None:
                # The last digits of a sum depend on the number of threads.
                losses = {
                    name: round(loss, 9) for name, _, loss, *_ in state.evaluation_result_list
                }
                history.add(losses["training"], losses["validation"])

            return fit_trees(
                {**params, "learning_rate": learning_rate},
                self.n_estimators,
                self.random_state,
                data,
                valid_sets=[data, validating],
                valid_names=["training", "validation"],
                callbacks=[log, lightgbm.early_stopping(self.patience, verbose=False)],
            )

        trees = fit(self.learning_rate, history)
        for rows, dataset in ((training, data), (validation, validating)):
            predicted = np.clip(rows.biases + trees.predict(rows.features), *self.scale)
            dataset.set_label(np.abs(rows.stars - predicted))
            dataset.set_init_score(np.zeros(len(predicted)))
        return trees, fit(self.interval_learning_rate, History(lambda words: None))

    def _predict(self, X: Ids, with_spreads: bool = False) -> tuple[Values, Values]:  # noqa: N803
        """Predict ratings on the scale and, if asked to, how far off they are expected to be."""
        known = self._known()
        trees, spread_trees = trees_from_bytes(self.trees_), trees_from_bytes(self.spread_trees_)
        predicted, spreads = np.empty(len(X)), np.ones(len(X))
        for start in range(0, len(X), BLOCK):
            rows = slice(start, start + BLOCK)
            features = known.features(X[rows])
            predicted[rows] = known.biases(X[rows]) + trees.predict(features)
            if with_spreads:
                spreads[rows] = np.maximum(spread_trees.predict(features), LEAST_SPREAD)
        return np.clip(predicted, *self.scale), spreads

    def _known(self) -> Entities:
        return Entities(
            mean=float(self.mean_),
            user_ids=self.user_ids_,
            users=self.users_,
            affinities=self.affinities_,
            movie_ids=self.movie_ids_,
            movies=self.movies_,
            genres=self.genres_,
        )

    def _calibrate(self, X: Ids, y: Values) -> Values:  # noqa: N803
        """Find the reaches of users with and without ratings.

        New rows of users with ratings are drawn like the rows of these users here; for rows of
        users without, all rows stand, as if nobody knew their users. A level is that of ratings:
        each row counts alike, so that whoever rated much has more of a say.
        """
        is_known = codes_of(X[:, 0], self.user_ids_) < len(self.user_ids_)
        known = conformal_quantile(self._misses(X[is_known], y[is_known]), self.level)
        unknown = conformal_quantile(self._misses(_hidden(X), y), self.level)
        return np.array([known, unknown])

    def _misses(self, X: Ids, y: Values) -> Values:  # noqa: N803
        """Tell how many times the spread predictions are off."""
        predicted, spreads = self._predict(X, with_spreads=True)
        return np.abs(y - predicted) / spreads


def _hidden(ids: Ids) -> Ids:
    return np.column_stack([np.full(len(ids), NOBODY), ids[:, 1]])


def train(task: Task) -> Outcome:
    """Fit the trees on the training rows of a protocol.

    Validation rows decide when to stop and how wide intervals are; the rows of both other parts
    are predicted.
    """
    parts, marts = task.parts, task.marts
    folds = parts.train["fold"]
    model = Boosting(**task.params, scale=task.scale, random_state=task.seed)
    model.fit(
        *ids_and_ratings(parts.train),
        folds.to_numpy(np.int64),
        {fold: entities_of(marts, fold) for fold in (ALL_ROWS, *folds.unique())},
        ids_and_ratings(parts.validation),
        report=task.report,
    )
    results = {
        "training_history": pd.DataFrame(model.history_),
        "feature_importances": pd.DataFrame(
            {
                "feature": feature_names(marts),
                "gain": model.gains_,
                "gain_pct": 100 * model.gains_ / max(model.gains_.sum(), np.finfo(float).tiny),
                "split_count": model.split_counts_,
            }
        ),
    }
    if task.protocol != "serving":
        results["rating_predictions"] = predictions(model, parts.held_out)
    losses = [row["val_loss"] for row in model.history_]
    note = f"{int(np.argmin(losses)) + 1} trees beside the biases"
    return Outcome(model, results, note, model.limits_)


RECIPE = Recipe(
    name="boosting",
    role="ratings",
    description="Boosted trees that correct the biases of user and movie.",
    model=Boosting,
    marts=(
        "features.fold_means",
        "features.fold_user_features",
        "features.fold_movie_features",
        "features.fold_user_genre_features",
        "core.bridge_movie_genres",
    ),
    train=train,
)
