"""Predicted ratings by Spark's alternating least squares."""

from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from models_ml.fitting.ids import Ids, Values, codes_of, ids_and_ratings
from models_ml.fitting.recipe import JUDGED_PROTOCOLS, Outcome, Recipe, Task
from models_ml.fitting.saving import SavedModel
from models_ml.fitting.spark_als import factorise
from models_ml.ratings.predictions import predictions


class SparkALS(RegressorMixin, SavedModel):  # type: ignore[misc]
    """A rating is the mean of all and the dot product of two vectors, the user's and the movie's.

    The vectors minimise the squared error, with the squared length of each as a penalty that grows
    with its number of ratings (Zhou et al., Large-scale parallel collaborative filtering for the
    Netflix prize, AAIM 2008). Spark fits them, on as many machines as it has; this is for ratings
    that one machine cannot hold. A user or movie that is not known has the vector 0.

    Args:
        scale: The lowest and the highest rating, in stars; predictions stay between them.
        factors: Length of a vector.
        regularisation: The weight of the penalty.
        iterations: How many times the vectors of users and of movies are solved for in turn.
        random_state: Seed of the first vectors.

    Attributes:
        mean_: The mean rating in stars, shape ().
        user_ids_: The users' ids, ascending, shape (users,).
        movie_ids_: The movies' ids, ascending, shape (movies,).
        user_factors_: One row per user, and 0 for all others, shape (users + 1, factors), float32.
        movie_factors_: One row per movie, and 0 for all others, (movies + 1, factors), float32.
    """

    state: ClassVar = ("mean_", "user_ids_", "movie_ids_", "user_factors_", "movie_factors_")

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 5.0),
        factors: int = 10,
        regularisation: float = 0.1,
        iterations: int = 15,
        random_state: int = 0,
    ) -> None:
        self.scale = scale
        self.factors = factors
        self.regularisation = regularisation
        self.iterations = iterations
        self.random_state = random_state

    def fit(self, X: Ids, y: Values) -> "SparkALS":  # noqa: N803 (scikit-learn's name)
        """Fit the vectors.

        Args:
            X: Ids, shape (ratings, 2): a user's and a movie's in each row.
            y: Ratings in stars, shape (ratings,).

        Returns:
            The model itself.
        """
        self.mean_ = np.mean(y)
        self.user_ids_, users = np.unique(X[:, 0], return_inverse=True)
        self.movie_ids_, movies = np.unique(X[:, 1], return_inverse=True)
        found = factorise(
            users,
            movies,
            y - self.mean_,
            rank=self.factors,
            regParam=self.regularisation,
            maxIter=self.iterations,
            seed=self.random_state,
        )
        nobody = np.zeros((1, self.factors), np.float32)
        self.user_factors_, self.movie_factors_ = (np.vstack([each, nobody]) for each in found)
        return self

    def predict(self, X: Ids) -> Values:  # noqa: N803
        """Predict ratings in stars, shape (rows,), of ids of users and movies, shape (rows, 2)."""
        users = self.user_factors_[codes_of(X[:, 0], self.user_ids_)].astype(np.float64)
        movies = self.movie_factors_[codes_of(X[:, 1], self.movie_ids_)].astype(np.float64)
        return np.asarray(np.clip(self.mean_ + np.sum(users * movies, axis=1), *self.scale))


def train(task: Task) -> Outcome:
    """Fit the vectors to the training and validation rows of a protocol, and predict test rows.

    Its parameters are Spark's own; a fit chooses nothing.
    """
    model = SparkALS(**task.params, scale=task.scale, random_state=task.seed)
    model.fit(*ids_and_ratings(task.parts.known))
    results = {"rating_predictions": predictions(model, task.parts.test)}
    return Outcome(model, results, f"{len(model.user_ids_):,} users, in Spark")


RECIPE = Recipe(
    name="spark_als",
    role="baseline",
    description="Dot products of vectors, fitted by Spark's alternating least squares.",
    model=SparkALS,
    protocols=JUDGED_PROTOCOLS,
    effort="spark",
    train=train,
)
