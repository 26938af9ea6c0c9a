"""The reference's clusters of ratings."""

import numpy as np
import pandas as pd
import pytest

from models_ml.fitting.recipe import Parts, Task
from models_ml.segments.rating_clusters import RatingClusters, train
from warehouse.errors import UserError


def planted(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    centres = np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [0.0, 10.0, 0.0]])
    truth = generator.integers(3, size=300)
    return centres[truth] + generator.normal(scale=0.5, size=(300, 3)), truth


def test_planted_clusters_are_found() -> None:
    rows, truth = planted(np.random.default_rng(0))
    labels = RatingClusters(n_clusters=3).fit(rows).predict(rows)

    assert len({*zip(truth, labels, strict=True)}) == 3


def test_a_row_is_in_the_cluster_with_the_nearest_centre() -> None:
    rows, _ = planted(np.random.default_rng(1))
    model = RatingClusters(n_clusters=5, n_init=2).fit(rows)
    nearest = [
        min(range(5), key=lambda label: float(((row - model.cluster_centers_[label]) ** 2).sum()))
        for row in rows
    ]

    np.testing.assert_array_equal(model.predict(rows), nearest)


def test_too_few_ratings_are_said() -> None:
    columns = ["user_id", "movie_id", "user_id_z", "movie_id_z", "rating_z"]
    rows = pd.DataFrame([[1, 2, 0.0, 0.0, 0.0]], columns=columns)
    nothing = Parts(rows, rows, rows)
    marts = {"analytics.standardised_ratings": rows}
    task = Task("serving", nothing, marts, (0.5, 5.0), {}, 0, lambda words: None)

    with pytest.raises(UserError, match="too few to train"):
        train(task)


def test_of_many_rows_some_are_fitted_and_all_have_a_cluster() -> None:
    rows, truth = planted(np.random.default_rng(2))
    model = RatingClusters(n_clusters=3, max_rows=90).fit(rows)

    assert model.limits_ == {"fitted_rows": 90}
    assert RatingClusters(n_clusters=3).fit(rows).limits_ == {}
    assert len({*zip(truth, model.predict(rows), strict=True)}) == 3
    again = RatingClusters(n_clusters=3, max_rows=90).fit(rows)
    np.testing.assert_array_equal(again.cluster_centers_, model.cluster_centers_)
