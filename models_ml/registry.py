"""The models, in the order in which they are trained."""

from models_ml.fitting.recipe import Recipe
from models_ml.lists import diverse, ease, ranker, sasrec
from models_ml.lists import spark_als as spark_als_lists
from models_ml.ratings import (
    bayesian_fm,
    boosting,
    embedding_model,
    gaussian_processes,
    matrix_factorisation,
    spark_als,
    stack,
)
from models_ml.segments import rating_clusters, user_segments

RECIPES: tuple[Recipe, ...] = (
    rating_clusters.RECIPE,
    user_segments.RECIPE,
    matrix_factorisation.RECIPE,
    embedding_model.RECIPE,
    boosting.RECIPE,
    bayesian_fm.RECIPE,
    bayesian_fm.RECIPE_WITH_DAYS,
    gaussian_processes.RECIPE,
    gaussian_processes.RECIPE_WITH_TIMES,
    stack.RECIPE,
    stack.RECIPE_WITH_TIMES,
    ease.RECIPE,
    ranker.RECIPE,
    diverse.RECIPE,
    sasrec.RECIPE,
    spark_als.RECIPE,
    spark_als_lists.RECIPE,
)
