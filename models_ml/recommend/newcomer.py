"""Recommendations for somebody new: folded into the models, without training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from models_ml.fitting.recipe import Role
from models_ml.lists.words import reason
from models_ml.recommend.known import SHOWN, no_model
from models_ml.recommend.page import Rated, Suggestion
from models_ml.registry import RECIPES

MOVIES = """
select movie_id, coalesce(movies.title, 'movie ' || movie_id), movies.genres, popularity.rated_by
from core.dim_movies as movies
left join analytics.most_rated_movies as popularity using (movie_id)
where list_contains($movies, movie_id)
"""


def recommend(
    connection: duckdb.DuckDBPyConnection, models: Path, ratings: Mapping[int, float]
) -> tuple[list[Rated], list[Suggestion]]:
    """Predict and list movies for somebody who is not in the warehouse.

    Args:
        connection: The warehouse.
        models: The folder of its saved models.
        ratings: Stars by movie, at least one.

    Returns:
        The highest ratings with predictions, of equal ones the higher prediction first, and the
        movies to see.

    Raises:
        UserError: A model was not trained on the present data, or its folder is missing.
    """
    movies, stars = np.array(list(ratings), np.int64), np.array(list(ratings.values()), np.float64)
    chosen = _load(connection, models, "lists", "makes lists").fold_in(movies, stars)
    wanted = np.unique(np.append(movies, chosen["movie_id"]))
    predictor = _load(connection, models, "ratings", "predicts ratings")
    columns = np.column_stack(predictor.predict_new(movies, stars, wanted)).tolist()
    predicted = dict(zip(wanted.tolist(), columns, strict=True))
    facts = {
        movie_id: values
        for movie_id, *values in connection.execute(MOVIES, {"movies": wanted.tolist()}).fetchall()
    }
    rated = []
    for movie_id, rating in ratings.items():
        title, genres, _ = facts[movie_id]
        rated.append(Rated(rating, predicted[movie_id][0], title, genres))
    suggestions = []
    for rank, movie_id, because in zip(
        chosen["rank"].tolist(), chosen["movie_id"].tolist(), chosen["because"], strict=True
    ):
        title, genres, rated_by = facts[movie_id]
        causes = [(facts[cause][0], ratings[cause]) for cause in because]
        why = reason(causes) or f"popular: {rated_by}"
        suggestions.append(Suggestion(rank, title, genres, why, *predicted[movie_id]))
    rated.sort(key=lambda row: (-row.rating, -(row.prediction or 0)))
    return rated[:SHOWN], suggestions


def _load(connection: duckdb.DuckDBPyConnection, models: Path, role: Role, purpose: str) -> Any:
    """Load the first model that serves a role and knows how to fold somebody in."""
    classes = {recipe.name: recipe.model for recipe in RECIPES}
    for name, run_id in connection.execute(
        "select model, run_id from predictions.current_runs"
        " where role = ? and protocol = 'serving' and serving_rank is not null"
        " order by serving_rank",
        [role],
    ).fetchall():
        if hasattr(classes.get(name), "fold_in"):
            return classes[name].load(models / run_id)
    raise no_model(f"{purpose} for somebody new")
