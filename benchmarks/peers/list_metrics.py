"""How good lists are, by the definitions of the warehouse, user by user, with intervals."""

import numpy as np
import pandas as pd

from models_ml.fitting.ids import Values

RELEVANT_FROM = 4.0
"""The stars of a held-out rating from which on its movie is relevant: dbt's ``relevant_from``."""

SHORT, WHOLE = 10, 20
"""How many first movies nDCG and recall look at: ``short_list_length`` and ``list_length``."""

REPLICATES = 2000
"""Bootstrap draws of users."""


def list_accuracy(lists: pd.DataFrame, relevant: pd.DataFrame) -> pd.DataFrame:
    """Judge lists as ``predictions.metrics`` says.

    Args:
        lists: ``user_id``, ``rank`` from 1, ``movie_id``.
        relevant: The relevant movies: ``user_id``, ``movie_id``, each pair once.

    Returns:
        ``ndcg@10`` and ``recall@20`` by each user with relevant movies, ascending; 0 for somebody
        without a list.
    """
    counts = relevant.groupby("user_id").size()
    hits = lists[lists["rank"] <= WHOLE].merge(relevant, on=["user_id", "movie_id"])
    gains = (1 / np.log2(hits["rank"] + 1)).where(hits["rank"] <= SHORT, 0)
    found = pd.DataFrame({"gain": gains, "hits": 1.0}).groupby(hits["user_id"]).sum()
    found = found.reindex(counts.index, fill_value=0)
    # The best gain there can be: the list begins with all relevant movies
    ideal = np.cumsum(1 / np.log2(np.arange(SHORT) + 2))
    return pd.DataFrame(
        {
            f"ndcg@{SHORT}": found["gain"] / ideal[counts.clip(upper=SHORT) - 1],
            f"recall@{WHOLE}": found["hits"] / counts.clip(upper=WHOLE),
        }
    )


def mean_interval(values: Values) -> tuple[float, float, float]:
    """Compute the mean of users' values, shape (users,), and its 95% interval, bootstrapped.

    The mean of differences between two models is that of a paired comparison.
    """
    weights = np.random.default_rng(0).poisson(1, (REPLICATES, len(values)))
    low, high = np.percentile(weights @ values / weights.sum(axis=1), [2.5, 97.5])
    return float(values.mean()), float(low), float(high)
