"""Ratings by trees and networks over out-of-fold predictions of other models, and features."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from models_ml.fitting.backend import load_lightgbm
from models_ml.fitting.ids import Values
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
from models_ml.ratings.networks import Networks, best_epochs, fit_networks
from models_ml.ratings.out_of_fold import STACKED_PROTOCOLS

KEY = ["user_id", "movie_id"]

LEAST_SPREAD = 0.05
"""Stars by which a prediction is expected to be off at least."""


@dataclass(frozen=True)
class StackRows:
    """Rows of a stack.

    Attributes:
        features: What is known of each row, shape (rows, features), NaN where nothing is.
        start: What the trees correct: the mean of the other models' predictions, in stars, (rows,).
    """

    features: NDArray[np.float32]
    start: Values

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, positions: NDArray[Any]) -> "StackRows":
        return StackRows(self.features[positions], self.start[positions])


class Stack(RegressorMixin, SavedModel):  # type: ignore[misc]
    """Boosted trees and small networks that correct the mean of other models' predictions.

    Stacked generalisation (Wolpert, Neural Networks 5, 1992): trees (Ke et al., LightGBM, NeurIPS
    2017) and networks of two hidden layers learn from predictions of rows that the other models did
    not see, and from features of the other folds' ratings; the mean of both is the prediction.
    Validation rows choose the number of trees and of epochs, and how far intervals reach: trees
    predict how far off the first fit is, and an interval reaches as many times that as it takes
    (Lei et al., Distribution-free predictive inference for regression, JASA 113, 2018, section
    5.2). Then all is fitted once more, with the validation rows, from several seeds.

    Args:
        scale: The lowest and the highest rating, in stars; predictions stay between them.
        learning_rate: What a tree's leaf adds is multiplied by this.
        num_leaves: Leaves of a tree at most.
        min_child_samples: Rows of a leaf at least.
        colsample_bytree: Share of the features that a tree may split on.
        subsample: Share of the rows that a tree sees.
        reg_lambda: Penalty on the square of a leaf's value.
        max_bin: Values of a feature that a tree can tell apart.
        max_rows: Rows that are fitted at most; of more, so many are drawn at random.
        n_estimators: Trees of an ensemble at most.
        patience: Trees without a better validation loss before an ensemble is complete.
        n_seeds: Ensembles, and networks, in the mean.
        units: Units of a network's hidden layers.
        penalty: Of a network's squared weights.
        max_epochs: Passes of a network over the rows at most.
        epoch_patience: Passes without a better validation loss before the search ends.
        level: The probability with which a rating is to lie in its interval.
        random_state: The first of the seeds.

    Attributes:
        ensembles_: The ensembles as LightGBM's text, one after the other, in bytes.
        ends_: Where each ends, shape (seeds,).
        spread_trees_: That of the spread.
        reach_: How many times the spread intervals reach, shape ().
        centres_, widths_, weights_0_ to weights_2_, biases_0_ to biases_2_: The networks, as
            :class:`Networks` lists them.
        limits_: ``fitted_rows`` where not all rows were fitted; not saved.
        gains_, split_counts_: What each feature's splits saved, and their number, in all ensembles.
        history_: One row per tree of the fit that chose their number: ``epoch``, ``loss``,
            ``val_loss``, ``seconds``.
    """

    state: ClassVar = (
        *("ensembles_", "ends_", "spread_trees_", "reach_", "centres_", "widths_"),
        *("weights_0_", "weights_1_", "weights_2_", "biases_0_", "biases_1_", "biases_2_"),
    )

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 5.0),
        learning_rate: float = 0.03,
        num_leaves: int = 31,
        min_child_samples: int = 60,
        colsample_bytree: float = 0.4,
        subsample: float = 0.7,
        reg_lambda: float = 10.0,
        max_bin: int = 127,
        max_rows: int = 1_000_000,
        n_estimators: int = 3000,
        patience: int = 60,
        n_seeds: int = 3,
        units: tuple[int, int] = (64, 32),
        penalty: float = 0.03,
        max_epochs: int = 30,
        epoch_patience: int = 3,
        level: float = 0.9,
        random_state: int = 0,
    ) -> None:
        self.scale = scale
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.colsample_bytree = colsample_bytree
        self.subsample = subsample
        self.reg_lambda = reg_lambda
        self.max_bin = max_bin
        self.max_rows = max_rows
        self.n_estimators = n_estimators
        self.patience = patience
        self.n_seeds = n_seeds
        self.units = units
        self.penalty = penalty
        self.max_epochs = max_epochs
        self.epoch_patience = epoch_patience
        self.level = level
        self.random_state = random_state

    def fit(
        self,
        X: StackRows,  # noqa: N803 (scikit-learn's name)
        y: Values,
        is_validation: NDArray[np.bool_],
        report: Report = lambda words: None,
    ) -> "Stack":
        """Choose the numbers of trees and epochs, fit the spread, and fit all rows.

        Args:
            X: The rows that are not test rows.
            y: Their ratings in stars, shape (rows,).
            is_validation: Which of them choose and calibrate before they are fitted, (rows,).
            report: Called with a few words after each tree that is tried.

        Returns:
            The model itself.
        """
        chosen = drawn(len(X), self.max_rows, np.random.default_rng(self.random_state))
        self.limits_ = {"fitted_rows": len(chosen)} if len(chosen) < len(X) else {}
        rows, y, validation = X[chosen], y[chosen], is_validation[chosen]
        train = ~validation
        history = History(report, unit="tree")
        first = self._boost(rows[train], y[train], (rows[validation], y[validation]), history)
        self.history_ = history.rows
        epochs = best_epochs(
            rows.features,
            y - rows.start,
            validation,
            most=self.max_epochs,
            patience=self.epoch_patience,
            units=self.units,
            penalty=self.penalty,
            seed=self.random_state,
        )
        networks = self._networks(rows[train], y[train], epochs, 1)
        self._calibrate(rows, y, validation, self._mean(rows, [first], networks))
        self._keep(self._networks(rows, y, epochs, self.n_seeds))
        # More rows bear more trees
        count = max(round(first.best_iteration * len(rows) / train.sum()), 1)
        fitted = [
            self._boost(rows, y, None, History(lambda words: None), count, seed)
            for seed in range(self.random_state, self.random_state + self.n_seeds)
        ]
        self.gains_ = sum(trees.feature_importance("gain") for trees in fitted)
        self.split_counts_ = sum(trees.feature_importance("split") for trees in fitted)
        texts = [trees_to_bytes(trees) for trees in fitted]
        self.ensembles_ = np.concatenate(texts)
        self.ends_ = np.cumsum([len(text) for text in texts])
        return self

    def predict(self, X: StackRows) -> Values:  # noqa: N803
        """Predict ratings in stars, on the scale, shape (rows,)."""
        texts = np.split(self.ensembles_, self.ends_[:-1])
        networks = Networks(
            centres=self.centres_,
            widths=self.widths_,
            weights=(self.weights_0_, self.weights_1_, self.weights_2_),
            biases=(self.biases_0_, self.biases_1_, self.biases_2_),
        )
        return self._mean(X, [trees_from_bytes(text) for text in texts], networks)

    def predict_all(self, X: StackRows) -> tuple[Values, Values, Values]:  # noqa: N803
        """Predict ratings and both ends of their intervals at once, each of shape (rows,)."""
        predicted, (low, high) = self.predict(X), self.scale
        half = self.reach_ * self._spread(trees_from_bytes(self.spread_trees_), X)
        half = np.minimum(half, high - low)
        return predicted, np.maximum(predicted - half, low), np.minimum(predicted + half, high)

    def _boost(
        self,
        X: StackRows,  # noqa: N803
        y: Values,
        validation: tuple[StackRows, Values] | None,
        history: History,
        count: int | None = None,
        seed: int | None = None,
    ) -> Any:
        """Fit trees: so many, or until validation rows are predicted no better."""
        lightgbm = load_lightgbm()
        params = {
            "objective": "l2",
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_child_samples": self.min_child_samples,
            "colsample_bytree": self.colsample_bytree,
            "subsample": self.subsample,
            "reg_lambda": self.reg_lambda,
            "max_bin": self.max_bin,
        }
        data = lightgbm.Dataset(X.features, y, init_score=X.start, params=params)
        seed = self.random_state if seed is None else seed
        if validation is None:
            return fit_trees(params, count or self.n_estimators, seed, data)

        def log(state: Any) -> None:
            losses = {name: round(loss, 9) for name, _, loss, *_ in state.evaluation_result_list}
            history.add(losses["training"], losses["validation"])

        rows, stars = validation
        validating = data.create_valid(rows.features, stars, init_score=rows.start)
        return fit_trees(
            params,
            self.n_estimators,
            seed,
            data,
            valid_sets=[data, validating],
            valid_names=["training", "validation"],
            callbacks=[log, lightgbm.early_stopping(self.patience, verbose=False)],
        )

    def _networks(self, rows: StackRows, y: Values, epochs: int, count: int) -> Networks:
        return fit_networks(
            rows.features,
            y - rows.start,
            epochs=epochs,
            n_networks=count,
            units=self.units,
            penalty=self.penalty,
            seed=self.random_state,
        )

    def _keep(self, networks: Networks) -> None:
        self.centres_, self.widths_ = networks.centres, networks.widths
        self.weights_0_, self.weights_1_, self.weights_2_ = networks.weights
        self.biases_0_, self.biases_1_, self.biases_2_ = networks.biases

    def _mean(self, rows: StackRows, ensembles: list[Any], networks: Networks) -> Values:
        """Predict by the mean of all trees and the mean of all networks, half and half."""
        by_trees = np.mean([trees.predict(rows.features) for trees in ensembles], axis=0)
        added = (by_trees + networks.predict(rows.features)) / 2
        return np.asarray(np.clip(rows.start + added, *self.scale))

    def _calibrate(
        self, rows: StackRows, y: Values, validation: NDArray[np.bool_], predicted: Values
    ) -> None:
        """Fit how far off predictions are, and find how many times that intervals reach."""
        misses = np.abs(y - predicted)
        plain = StackRows(rows.features, np.zeros(len(rows)))
        spread = self._boost(
            plain[~validation],
            misses[~validation],
            (plain[validation], misses[validation]),
            History(lambda words: None),
        )
        self.spread_trees_ = trees_to_bytes(spread)
        ratios = misses[validation] / self._spread(spread, rows[validation])
        self.reach_ = np.float64(conformal_quantile(ratios, self.level))

    def _spread(self, trees: Any, X: StackRows) -> Values:  # noqa: N803
        return np.asarray(np.maximum(trees.predict(X.features), LEAST_SPREAD))


def stack_rows(task: Task) -> tuple[pd.DataFrame, list[str]]:
    """Put features and predictions of all rows beside each other.

    Returns:
        One row per rating that has features: the key, ``start``, and the features; and the
        features' names.
    """
    frames = [frame.set_index(KEY).drop(columns="held_out_fold") for frame in task.marts.values()]
    frames += [base.set_index(KEY).add_prefix(f"{name} ") for name, base in task.bases.items()]
    rows = pd.concat(frames, axis=1, join="inner").astype(np.float32)
    start = rows[[f"{name} prediction" for name in task.bases]].mean(axis=1)
    return rows.assign(start=start), list(rows.columns)


def train(task: Task) -> Outcome:
    """Fit the trees to all rows that are not test rows, and predict the test rows."""
    rows, names = stack_rows(task)

    def of(part: pd.DataFrame) -> StackRows:
        chosen = rows.loc[pd.MultiIndex.from_frame(part[KEY])]
        return StackRows(chosen[names].to_numpy(), chosen["start"].to_numpy(np.float64))

    known, test = task.parts.known, task.parts.test
    is_validation = np.arange(len(known)) >= len(task.parts.train)
    model = Stack(**task.params, scale=task.scale, random_state=task.seed)
    model.fit(of(known), known["rating"].to_numpy(np.float64), is_validation, task.report)
    predicted, low, high = model.predict_all(of(test))
    results = {
        "training_history": pd.DataFrame(model.history_),
        "feature_importances": pd.DataFrame(
            {
                "feature": names,
                "gain": model.gains_,
                "gain_pct": 100 * model.gains_ / max(model.gains_.sum(), np.finfo(float).tiny),
                "split_count": model.split_counts_,
            }
        ),
        "rating_predictions": test[KEY].assign(
            prediction=predicted, lower_bound=low, upper_bound=high
        ),
    }
    note = f"{len(names)} features, {model.n_seeds} ensembles and networks in the mean"
    return Outcome(model, results, note, model.limits_)


_recipe = partial(Recipe, role="ratings", model=Stack, effort="full", train=train)

RECIPE = _recipe(
    name="stack",
    description="Boosted trees and networks over the time-free models' out-of-fold predictions.",
    marts=("features.stack_features",),
    bases=("bayesian_fm", "gaussian_processes"),
    protocols=STACKED_PROTOCOLS,
)
RECIPE_WITH_TIMES = _recipe(
    name="stack_times",
    description="The same with moments in the processes and the user's session.",
    marts=("features.stack_features", "features.stack_session_features"),
    # Days, which the processes know, and the processes without times add nothing to these two
    bases=("bayesian_fm", "gaussian_processes_times"),
    protocols=STACKED_PROTOCOLS,
    track="time-aware",
)
