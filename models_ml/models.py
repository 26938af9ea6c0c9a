"""The models, in the order in which they are trained."""

from models_ml import (
    boosting,
    ease,
    embedding_model,
    matrix_factorisation,
    ranker,
    rating_clusters,
    user_segments,
)
from models_ml.recipe import Recipe

RECIPES: tuple[Recipe, ...] = (
    rating_clusters.RECIPE,
    user_segments.RECIPE,
    matrix_factorisation.RECIPE,
    embedding_model.RECIPE,
    boosting.RECIPE,
    ease.RECIPE,
    ranker.RECIPE,
)
