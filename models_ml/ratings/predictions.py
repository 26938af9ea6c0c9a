"""What all models that predict ratings give to the warehouse."""

from typing import Any

import numpy as np
import pandas as pd

from models_ml.fitting.ids import ids_of
from models_ml.fitting.saving import SavedModel


def predictions(model: SavedModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Predict rows that a model was not fitted to.

    Args:
        model: A fitted model. Its ``predict`` takes ids of users and movies, known or not, shape
            (rows, 2), and gives ratings in stars, shape (rows,), never NaN; its ``predict_all``,
            where it has one, gives these with the lower and the upper ends of intervals.
        rows: ``user_id``, ``movie_id``.

    Returns:
        ``user_id``, ``movie_id``, ``prediction``, and of a model with intervals ``lower_bound`` and
        ``upper_bound``.
    """
    rows = rows[["user_id", "movie_id"]].copy()
    columns = ["prediction", "lower_bound", "upper_bound"]
    if hasattr(model, "predict_all"):
        predicted = model.predict_all(ids_of(rows))
    else:
        predicted = (model.predict(ids_of(rows)),)
    for column, values in zip(columns, predicted, strict=False):
        rows[column] = values
    return rows


def embeddings(model: SavedModel) -> dict[str, pd.DataFrame]:
    """Give the vectors, and the biases where the model has them, of all users and movies.

    Args:
        model: A fitted model with ``user_ids_``, ``user_factors_`` and, of movies, the same two;
            the last row of factors stands for those not known.

    Returns:
        Rows of ``ml.user_embeddings`` and ``ml.movie_embeddings``, by table.
    """
    tables = {}
    for entity in ("user", "movie"):
        factors = getattr(model, f"{entity}_factors_")[:-1].astype(np.float32)
        columns: dict[str, Any] = {
            f"{entity}_id": getattr(model, f"{entity}_ids_"),
            "embedding": list(factors),
        }
        if hasattr(model, f"{entity}_biases_"):
            columns["bias"] = getattr(model, f"{entity}_biases_")[:-1]
        tables[f"{entity}_embeddings"] = pd.DataFrame(columns)
    return tables
