"""Recommendations for somebody new: folded into the models, without training."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np

from models_ml.lists.ease import EASE
from models_ml.lists.listing import reason
from models_ml.ratings.embedding_model import EmbeddingModel
from models_ml.recommend.known import SHOWN, TITLE, require_run
from models_ml.recommend.page import Rated, Suggestion

# The same prediction as that of the macro `predicted_rating`, for a vector that no relation holds.
MOVIES = f"""
with predicted as (
    select
        movie_id,
        {TITLE} as title,
        genres,
        coalesce(int_movie_ratings.rating_count, 0) as rating_count,
        coalesce(int_movie_ratings.mean_rating, 0) as mean_rating,
        half_width,
        scale_min,
        scale_max,
        greatest(scale_min, least(
            scale_max, $bias + bias + list_dot_product(embedding, cast($vector as float[]))
        )) as prediction
    from core.dim_movies
    inner join predictions.movie_vectors using (movie_id)
    left join intermediate.int_movie_ratings using (movie_id)
    cross join analytics.dataset_summary
    cross join intermediate.int_predicting_run
    where list_contains($movies, movie_id)
)

select
    movie_id,
    title,
    genres,
    rating_count,
    mean_rating,
    prediction,
    case when half_width is not null then greatest(scale_min, prediction - half_width) end,
    case when half_width is not null then least(scale_max, prediction + half_width) end
from predicted
"""


def recommend(
    connection: duckdb.DuckDBPyConnection, models: Path, ratings: Mapping[int, float]
) -> tuple[list[Rated], list[Suggestion]]:
    """Predict and list movies for somebody who is not in the warehouse.

    The list is EASE's; the predictions are the embedding model's, as they are for users of
    the warehouse.

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
    ease = EASE.load(models / require_run(connection, "ease"))
    embedding = EmbeddingModel.load(models / require_run(connection, "embedding"))
    movies, stars = np.array(list(ratings), np.int64), np.array(list(ratings.values()), np.float64)
    chosen = ease.fold_in(movies, stars)
    bias, vector = embedding.fold_in(movies, stars)
    wanted = {*ratings, *chosen["movie_id"].tolist()}
    rows = connection.execute(
        MOVIES, {"bias": float(bias), "vector": vector.tolist(), "movies": sorted(wanted)}
    ).fetchall()
    facts = {movie_id: values for movie_id, *values in rows}
    rated = []
    for movie_id, rating in ratings.items():
        title, genres, _, _, prediction, _, _ = facts[movie_id]
        rated.append(Rated(rating, prediction, title, genres))
    suggestions = []
    for rank, movie_id, because in zip(
        chosen["rank"].tolist(), chosen["movie_id"].tolist(), chosen["because"], strict=True
    ):
        title, genres, count, mean, *predicted = facts[movie_id]
        causes = [(facts[cause][0], ratings[cause]) for cause in because]
        suggestions.append(Suggestion(rank, title, genres, reason(causes, count, mean), *predicted))
    rated.sort(key=lambda row: (-row.rating, -(row.prediction or 0)))
    return rated[:SHOWN], suggestions
