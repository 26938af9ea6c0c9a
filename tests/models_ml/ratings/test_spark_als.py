"""Spark's vectors stand on the biases of SQL."""

import numpy as np
import pandas as pd
import pytest

from models_ml.ratings.spark_als import SparkALS
from tests.spark import needs_spark

pytestmark = needs_spark


@pytest.fixture(scope="module")
def model() -> SparkALS:
    ids = np.array([[1, 10], [1, 20], [2, 10], [3, 20], [2, 30]])
    stars = np.array([4.0, 2.0, 5.0, 1.0, 3.5])
    biases = pd.Series({1: 0.5, 2: -0.25}), pd.Series({10: 0.75, 20: -1.0, 99: 2.0})
    return SparkALS(factors=2, iterations=3).fit(ids, stars, 3.0, *biases)


def test_a_stranger_is_predicted_by_what_is_known_of_the_movie(model: SparkALS) -> None:
    predicted = model.predict(np.array([[77, 10], [77, 88], [3, 88], [1, 88]]))
    np.testing.assert_allclose(predicted, [3.75, 3.0, 3.0, 3.5])


def test_a_prediction_is_the_biases_and_the_product_of_vectors(model: SparkALS) -> None:
    (user,) = np.flatnonzero(model.user_ids_ == 2)
    (movie,) = np.flatnonzero(model.movie_ids_ == 30)
    product = float(model.user_factors_[user].astype(float) @ model.movie_factors_[movie])
    (predicted,) = model.predict(np.array([[2, 30]]))
    assert predicted == pytest.approx(3.0 - 0.25 + 0 + product)


def test_predictions_stay_on_the_scale() -> None:
    ids, stars = np.array([[1, 10], [2, 20]]), np.array([5.0, 0.5])
    biases = pd.Series({1: 3.0, 2: -4.0}), pd.Series({10: 1.0, 20: -1.0})
    model = SparkALS(factors=2, iterations=2).fit(ids, stars, 3.0, *biases)
    assert model.predict(ids).tolist() == [5.0, 0.5]
