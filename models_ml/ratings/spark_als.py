"""Predicted ratings by Spark's alternating least squares."""

from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin

from models_ml.fitting.ids import Ids, Values, codes_of, ids_and_ratings
from models_ml.fitting.recipe import JUDGED_PROTOCOLS, Outcome, Recipe, Task
from models_ml.fitting.saving import SavedModel
from models_ml.fitting.spark_als import factorise
from models_ml.ratings.predictions import predictions


class SparkALS(RegressorMixin, SavedModel):  # type: ignore[misc]
    """A rating is what SQL's biases predict, and the dot product of a user's and movie's vector.

    The vectors minimise the squared error of what the biases leave over, with the squared length of
    each as a penalty that grows with its number of ratings (Zhou et al., Large-scale parallel
    collaborative filtering for the Netflix prize, AAIM 2008). Spark fits them, on as many machines
    as it has; rows and vectors pass through the memory of this one. A user or movie that is not
    known has the bias 0 and the vector 0.

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
        user_biases_: Their biases in stars, and 0 for all others, shape (users + 1,).
        movie_biases_: The movies', and 0 for all others, shape (movies + 1,).
        user_factors_: One row per user, and 0 for all others, shape (users + 1, factors), float32.
        movie_factors_: One row per movie, and 0 for all others, (movies + 1, factors), float32.
    """

    state: ClassVar = (
        *("mean_", "user_ids_", "user_biases_", "user_factors_"),
        *("movie_ids_", "movie_biases_", "movie_factors_"),
    )

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 5.0),
        factors: int = 20,
        regularisation: float = 0.15,
        iterations: int = 10,
        random_state: int = 0,
    ) -> None:
        self.scale = scale
        self.factors = factors
        self.regularisation = regularisation
        self.iterations = iterations
        self.random_state = random_state

    def fit(
        self,
        X: Ids,  # noqa: N803 (scikit-learn's name)
        y: Values,
        mean: float,
        user_biases: "pd.Series[float]",
        movie_biases: "pd.Series[float]",
    ) -> "SparkALS":
        """Fit the vectors.

        Args:
            X: Ids, shape (ratings, 2): a user's and a movie's in each row.
            y: Ratings in stars, shape (ratings,).
            mean: The mean rating in stars.
            user_biases: By user, what the user adds to it.
            movie_biases: By movie, what the movie adds.

        Returns:
            The model itself.
        """
        self.mean_ = np.float64(mean)
        self.user_ids_, users = np.unique(X[:, 0], return_inverse=True)
        self.movie_ids_, movies = np.unique(X[:, 1], return_inverse=True)
        self.user_biases_ = np.append(user_biases.reindex(self.user_ids_, fill_value=0), 0.0)
        self.movie_biases_ = np.append(movie_biases.reindex(self.movie_ids_, fill_value=0), 0.0)
        found = factorise(
            users,
            movies,
            y - self._biases(users, movies),
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
        users, movies = codes_of(X[:, 0], self.user_ids_), codes_of(X[:, 1], self.movie_ids_)
        pairs = self.user_factors_[users].astype(np.float64), self.movie_factors_[movies]
        predicted = self._biases(users, movies) + np.sum(pairs[0] * pairs[1], axis=1)
        return np.asarray(np.clip(predicted, *self.scale))

    def _biases(self, users: Ids, movies: Ids) -> Values:
        return np.asarray(self.mean_ + self.user_biases_[users] + self.movie_biases_[movies])


def train(task: Task) -> Outcome:
    """Fit the vectors to the training and validation rows of a protocol, and predict test rows.

    Its parameters were chosen once, on validation rows of the sample; a fit chooses nothing.
    """

    def known(mart: str) -> pd.DataFrame:
        """Take the rows of a mart that know no test row, and all others."""
        rows = task.marts[mart]
        return rows[rows["held_out_fold"] == 0]

    (mean,) = known("features.fold_means")["mean_rating"]
    model = SparkALS(**task.params, scale=task.scale, random_state=task.seed).fit(
        *ids_and_ratings(task.parts.known),
        mean,
        known("features.fold_user_features").set_index("user_id")["user_bias"],
        known("features.fold_movie_features").set_index("movie_id")["movie_bias"],
    )
    results = {"rating_predictions": predictions(model, task.parts.test)}
    return Outcome(model, results, f"{len(model.user_ids_):,} users, in Spark")


RECIPE = Recipe(
    name="spark_als",
    role="baseline",
    description="Biases and dot products of vectors, by Spark's alternating least squares.",
    model=SparkALS,
    marts=("features.fold_means", "features.fold_user_features", "features.fold_movie_features"),
    protocols=JUDGED_PROTOCOLS,
    effort="spark",
    train=train,
)
