"""Lists of movies by Spark's alternating least squares on who likes what."""

import numpy as np
import pandas as pd

from models_ml.fitting.ids import codes_of
from models_ml.fitting.recipe import JUDGED_PROTOCOLS, Outcome, Recipe, Task
from models_ml.fitting.spark_als import factorise
from models_ml.lists.listing import list_users
from models_ml.lists.vectors import VectorLists


class SparkALSLists(VectorLists):
    """Dot products of vectors are near 1 where a user likes a movie, and near 0 elsewhere.

    A like counts ``confidence`` times more than a movie of which nothing is known (Hu, Koren and
    Volinsky, Collaborative filtering for implicit feedback datasets, ICDM 2008). Spark fits the
    vectors, on as many machines as it has.

    Args:
        liked_from: The stars from which on a movie is liked.
        factors: Length of a vector.
        regularisation: The weight of the squared lengths of vectors.
        confidence: By how much a like counts more.
        iterations: How many times the vectors of users and of movies are solved for in turn.
        random_state: Seed of the first vectors.
    """

    def __init__(
        self,
        liked_from: float = 4.0,
        factors: int = 16,
        regularisation: float = 0.1,
        confidence: float = 3.0,
        iterations: int = 10,
        random_state: int = 0,
    ) -> None:
        self.liked_from = liked_from
        self.factors = factors
        self.regularisation = regularisation
        self.confidence = confidence
        self.iterations = iterations
        self.random_state = random_state

    def fit(self, known: pd.DataFrame) -> "SparkALSLists":
        """Fit the vectors to ratings, ``user_id``, ``movie_id`` and ``rating``; returns itself."""
        self.keep_histories(known, self.liked_from)
        likes = known[known["rating"] >= self.liked_from]
        users = codes_of(likes["user_id"].to_numpy(np.int64), self.user_ids_)
        movies = codes_of(likes["movie_id"].to_numpy(np.int64), self.movie_ids_)
        of_users, self.movie_vectors_ = factorise(
            users,
            movies,
            np.ones(len(likes)),
            rank=self.factors,
            regParam=self.regularisation,
            alpha=self.confidence,
            maxIter=self.iterations,
            implicitPrefs=True,
            seed=self.random_state,
        )
        self.user_vectors_ = np.zeros((len(self.user_ids_) + 1, self.factors), np.float32)
        self.user_vectors_[: len(of_users)] = of_users
        return self


def train(task: Task) -> Outcome:
    """Fit the vectors to the training and validation rows of a protocol, and list movies."""
    model = SparkALSLists(**task.params, random_state=task.seed).fit(task.parts.known)
    lists = model.recommend(list_users(task))
    note = f"{len(model.movie_vectors_):,} movies, in Spark"
    return Outcome(model, {"recommendations": lists.assign(reason=None)}, note)


RECIPE = Recipe(
    name="spark_als_lists",
    role="lists",
    description="Dot products of vectors of users and of the movies they like, fitted by Spark.",
    model=SparkALSLists,
    protocols=JUDGED_PROTOCOLS,
    effort="spark",
    train=train,
)
