"""Choose the settings of other libraries' list models, on rows that no test sees.

``python -m benchmarks.peers.list_tuning WAREHOUSE`` reads a warehouse with what fits read. Of the
rows that are not tested in the protocol ``last``, each user's last fifth by time is held out, and a
model is judged by nDCG@10 of what users liked there. Optuna's sampler (Akiba et al., Optuna, KDD
2019) proposes as many settings for each model. It prints the best: they stand in
``list_libraries.py``.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers.list_libraries import LIBRARIES, Library, Settings, read_known, recommend
from benchmarks.peers.list_metrics import RELEVANT_FROM, list_accuracy

LIKED_FROM = (0.5, 3.0, 3.5, 4.0)
"""The stars from which on a movie may count as liked; from 0.5 on, all that were rated do."""

MIN_LIKES = (1, 3)
"""The likes that a movie may need to be in the matrix; our EASE asks for 3."""


def cut(known: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Divide ratings into each user's first four fifths by time, and the last one.

    Args:
        known: ``user_id``, ``movie_id``, ``rated_at`` and more.
    """
    ordered = known.sort_values(["user_id", "rated_at", "movie_id"], ignore_index=True)
    by_user = ordered.groupby("user_id")["movie_id"]
    is_before = by_user.cumcount() < np.floor(0.8 * by_user.transform("size"))
    return ordered[is_before], ordered[~is_before]


def tune(library: Library, known: pd.DataFrame, trials: int) -> tuple[float, Settings]:
    """Try settings, and return the best nDCG@10 with the settings that reach it."""
    import optuna  # type: ignore[import-not-found]

    before, after = cut(known)
    is_relevant = (after["rating"] >= RELEVANT_FROM) & after["movie_id"].isin(before["movie_id"])
    relevant = after.loc[is_relevant, ["user_id", "movie_id"]]
    user_ids = np.unique(relevant["user_id"].to_numpy(np.int64))

    def ndcg(trial: Any) -> float:
        of_matrix = {
            "liked_from": trial.suggest_categorical("liked_from", LIKED_FROM),
            "min_likes": trial.suggest_categorical("min_likes", MIN_LIKES),
        }
        lists = recommend(library, before, user_ids, of_matrix | library.ranges(trial))
        return float(list_accuracy(lists, relevant)["ndcg@10"].mean())

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(ndcg, n_trials=trials)
    return study.best_value, study.best_params


def main() -> None:
    """Parse the command line, try, and print what is best."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.list_tuning")
    parser.add_argument("warehouse", type=Path, help="a warehouse with what fits read")
    parser.add_argument("--trials", type=int, default=30)
    options = parser.parse_args()
    known, _ = read_known(options.warehouse)
    for name, library in LIBRARIES.items():
        if name != "most_rated":
            value, settings = tune(library, known, options.trials)
            print(f"{name}: {value:.4f} {settings}", flush=True)


if __name__ == "__main__":
    main()
