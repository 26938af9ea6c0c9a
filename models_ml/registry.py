"""The models, in the order in which they are trained."""

from models_ml.fitting.recipe import Recipe
from models_ml.lists import ease, ranker
from models_ml.ratings import boosting, embedding_model, matrix_factorisation
from models_ml.segments import rating_clusters, user_segments

RECIPES: tuple[Recipe, ...] = (
    rating_clusters.RECIPE,
    user_segments.RECIPE,
    matrix_factorisation.RECIPE,
    embedding_model.RECIPE,
    boosting.RECIPE,
    ease.RECIPE,
    ranker.RECIPE,
)
