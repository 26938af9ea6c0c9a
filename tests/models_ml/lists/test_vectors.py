"""Lists by vectors against naive loops."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml.lists.vectors import VectorLists


def fitted(seed: int, modelled: int = 6) -> tuple[VectorLists, pd.DataFrame]:
    """A model of random vectors, and the ratings whose histories it keeps."""
    generator = np.random.default_rng(seed)
    cells = generator.permutation(8 * 10)[:40]
    known = pd.DataFrame(
        {
            "user_id": 100 + cells // 10,
            "movie_id": 1000 + cells % 10,
            "rating": generator.integers(1, 11, 40) / 2,
        }
    )
    model = VectorLists()
    model.keep_histories(known, liked_from=4)
    model.movie_vectors_ = generator.normal(size=(modelled, 3)).astype(np.float32)
    vectors = generator.normal(size=(len(model.user_ids_), 3))
    model.user_vectors_ = np.vstack([vectors, np.zeros((1, 3))]).astype(np.float32)
    return model, known


def naive_score(model: VectorLists, user: int, movie: int) -> float:
    users, movies = model.user_ids_.tolist(), model.movie_ids_.tolist()
    place = movies.index(movie)
    if user not in users or place >= len(model.movie_vectors_):
        return 0.0
    return float(
        model.user_vectors_[users.index(user)].astype(float)
        @ model.movie_vectors_[place].astype(float)
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 12))
def test_lists_are_those_of_a_loop_over_all_movies(seed: int, n: int) -> None:
    model, known = fitted(seed)
    asked = np.append(model.user_ids_, 999)
    lists = model.recommend(asked, n)
    for user in asked.tolist():
        seen = set(known.loc[known["user_id"] == user, "movie_id"])
        unseen = [movie for movie in model.movie_ids_.tolist() if movie not in seen]
        scores = {movie: np.float32(naive_score(model, user, movie)) for movie in unseen}
        expected = sorted(unseen, key=lambda movie: -scores[movie])[:n]
        found = lists[lists["user_id"] == user].sort_values("rank")
        assert found["movie_id"].tolist() == expected
        assert found["rank"].tolist() == list(range(1, len(expected) + 1))


def test_predictions_are_the_scores_of_lists() -> None:
    model, _ = fitted(0)
    pairs = np.array([[101, 1003], [999, 1003], [101, 77], [103, 1009]])
    expected = [
        naive_score(model, user, movie) if movie != 77 else 0.0 for user, movie in pairs.tolist()
    ]
    assert model.predict(pairs) == pytest.approx(expected)
