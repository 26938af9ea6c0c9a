"""Try parameters of the stack and the ranker on rows that no test sees, and keep what was tried.

``python -m benchmarks.tuning WAREHOUSE`` reads a warehouse after ``make train EFFORT=full
PROTOCOL=random`` and ``make train PROTOCOL=last``, and writes ``benchmarks/tuning.md``. Optuna's
sampler (Akiba et al., Optuna, KDD 2019) proposes what to try after the present parameters; it is
part of the dependency group ``peers``.

The stack's trees are judged by the rows of two folds, each predicted by trees of the other rows
that are not test rows. The ranker is judged by what users liked in the last fifth of the rows that
are not test rows of the protocol ``last``, after a fit to the four fifths before.
"""

import argparse
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import machine
from models_ml.fitting.backend import load_lightgbm
from models_ml.fitting.parameters import read_parameters
from models_ml.fitting.runner import read_task
from models_ml.fitting.training import fit_trees
from models_ml.lists import ranker
from models_ml.ratings import stack
from warehouse.connection import connect

RESULT = Path(__file__).with_suffix(".md")

FOLDS = (1, 2)
LEARNING_RATE = 0.06
"""Twice that of the stack, for the sake of time; the same in all trials."""

Objective = Callable[[Any], float]


def stack_error(warehouse: Path) -> tuple[dict[str, Any], Objective]:
    """Give the present parameters of the time-free stack's trees, and what judges others."""
    with connect(warehouse, read_only=True) as connection:
        task = read_task(connection, stack.RECIPE, "random", read_parameters())
    rows, names = stack.stack_rows(task)
    known = task.parts.known
    rows = rows.loc[pd.MultiIndex.from_frame(known[stack.KEY])]
    features, start = rows[names].to_numpy(), rows["start"].to_numpy(np.float64)
    stars, folds = known["rating"].to_numpy(np.float64), known["fold"].to_numpy()
    lightgbm = load_lightgbm()

    def error(trial: Any) -> float:
        params = {
            "num_leaves": trial.suggest_int("num_leaves", 8, 128, log=True),
            "min_child_samples": trial.suggest_int("min_child_samples", 10, 300, log=True),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.1, 0.9),
            "subsample": trial.suggest_float("subsample", 0.4, 1.0),
            "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 200, log=True),
        }
        squares = []
        for fold in FOLDS:
            train, held = folds != fold, folds == fold
            data = lightgbm.Dataset(features[train], stars[train], init_score=start[train])
            validating = data.create_valid(features[held], stars[held], init_score=start[held])
            trees = fit_trees(
                {**params, "objective": "l2", "learning_rate": LEARNING_RATE, "max_bin": 127},
                3000,
                0,
                data,
                valid_sets=[validating],
                callbacks=[lightgbm.early_stopping(40, verbose=False)],
            )
            squares.append((start[held] + trees.predict(features[held]) - stars[held]) ** 2)
        return float(np.sqrt(np.concatenate(squares).mean()))

    section = read_parameters().models["stack"]
    names = ["num_leaves", "min_child_samples", "colsample_bytree", "subsample", "reg_lambda"]
    return {name: section[name] for name in names}, error


def ranker_ndcg(warehouse: Path) -> tuple[dict[str, Any], Objective]:
    """Give the present parameters of the ranker's trees, and what judges others: nDCG@10."""
    with connect(warehouse, read_only=True) as connection:
        task = read_task(connection, ranker.RECIPE, "last", read_parameters())
    known = task.parts.known.sort_values(["user_id", "rated_at", "movie_id"], ignore_index=True)
    by_user = known.groupby("user_id")["movie_id"]
    is_before = by_user.cumcount() < np.floor(0.8 * by_user.transform("size"))
    before, after = known[is_before], known[~is_before]
    liked = after[(after["rating"] >= 4) & after["movie_id"].isin(before["movie_id"])]
    relevant = liked.groupby("user_id")["movie_id"].agg(set)
    section = read_parameters().models["ranker"]

    def ndcg(trial: Any) -> float:
        params = {
            "n_estimators": trial.suggest_int("n_estimators", 50, 500, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 3, 31, log=True),
            "min_child_samples": trial.suggest_int("min_child_samples", 20, 500, log=True),
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.15, log=True),
        }
        model = ranker.Ranker(**{**section, **params}).fit(
            before,
            before[:0],
            task.marts["core.dim_movies"],
            task.marts["core.bridge_movie_genres"],
            asks_next=True,
        )
        lists = model.recommend(relevant.index.to_numpy(), n=10, with_causes=False)
        shown = lists.groupby("user_id")["movie_id"].agg(list)
        gains = []
        for user, movies in relevant.items():
            gain = sum(
                1 / math.log2(position + 2)
                for position, movie in enumerate(shown.get(user, []))
                if movie in movies
            )
            best = sum(1 / math.log2(position + 2) for position in range(min(10, len(movies))))
            gains.append(gain / best)
        return float(np.mean(gains))

    names = ["n_estimators", "num_leaves", "min_child_samples", "learning_rate"]
    return {name: section[name] for name in names}, ndcg


STUDIES = {
    "stack": (stack_error, "minimize", "RMSE in stars of two folds"),
    "ranker": (ranker_ndcg, "maximize", "nDCG@10 of what is next"),
}


def study(name: str, warehouse: Path, trials: int) -> str:
    """Try the present parameters and others, and write a table of all, best first."""
    import optuna  # type: ignore[import-not-found]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    objective_of, direction, judged_by = STUDIES[name]
    present, objective = objective_of(warehouse)
    found = optuna.create_study(
        direction=direction, sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=8)
    )
    found.enqueue_trial(present)
    found.optimize(objective, n_trials=trials)
    order = sorted(found.trials, key=lambda trial: trial.value, reverse=direction == "maximize")
    lines = [
        f"## {name}",
        "",
        f"| trial | {' | '.join(present)} | {judged_by} |",
        f"|---|{'---|' * len(present)}---:|",
    ]
    for trial in order:
        values = " | ".join(f"{trial.params[parameter]:.3g}" for parameter in present)
        number = "present" if trial.number == 0 else str(trial.number)
        lines.append(f"| {number} | {values} | {trial.value:.4f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse the command line, try, and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tuning")
    parser.add_argument("warehouse", type=Path, help="a trained warehouse")
    parser.add_argument("--trials", type=int, default=30)
    options = parser.parse_args()
    with connect(options.warehouse, read_only=True) as connection:
        ((dataset,),) = connection.execute("select max(dataset) from raw.loads").fetchall()
    tables = "\n".join(study(name, options.warehouse, options.trials) for name in STUDIES)
    RESULT.write_text(
        f"""# Parameters that were tried

On rows of {dataset} that are not test rows, best first; "present" is what
`models_ml/parameters.toml` had when this was measured.
{" ".join(str(__doc__).split(chr(10) * 2)[2].split())}

{tables}
Machine: {machine()}.

`python -m benchmarks.tuning WAREHOUSE --trials {options.trials}`,
{datetime.now(UTC):%Y-%m-%d}.
""",
        encoding="utf-8",
    )
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
