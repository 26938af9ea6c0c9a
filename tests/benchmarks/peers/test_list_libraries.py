"""What is common to all libraries: the matrix that they fit, and the lists made of their scores."""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers.list_libraries import LIBRARIES, Library, Scores, most_rated, recommend
from models_ml.lists.listing import LENGTH

KNOWN = pd.DataFrame(
    [
        *[(1, 10, 4.0), (1, 20, 2.0)],
        *[(2, 10, 5.0), (2, 30, 3.0)],
        *[(3, 20, 3.5), (3, 10, 0.5), (3, 30, 4.5), (3, 40, 4.5)],
    ],
    columns=["user_id", "movie_id", "rating"],
)
ORDER = [10, 20, 30, 40]
"""The movies, the most rated first, those of as many ratings by id."""


def library(fit: Any) -> Library:
    return Library("a library", fit, {}, lambda trial: {})


def lists_of(fit: Any, *users: int, **settings: Any) -> dict[int, list[int]]:
    lists = recommend(library(fit), KNOWN, np.array(users), settings)
    found = {user: lists[lists["user_id"] == user] for user in users}
    for of_user in found.values():
        assert of_user["rank"].tolist() == list(range(1, len(of_user) + 1))
    return {user: of_user["movie_id"].tolist() for user, of_user in found.items()}


def test_the_most_rated_movies_are_listed_in_order_without_those_rated() -> None:
    assert lists_of(most_rated, 1, 2) == {1: [30, 40], 2: [20, 40]}


def test_somebody_without_ratings_gets_a_list_too() -> None:
    assert lists_of(most_rated, 7) == {7: ORDER}


def test_a_library_is_fitted_to_likes_and_gets_its_settings() -> None:
    seen: dict[str, Any] = {}

    def fit(likes: Any, **settings: Any) -> Scores:
        seen.update(settings, likes=likes.toarray().tolist(), entries=likes.nnz)
        return lambda users: np.zeros((len(users), likes.shape[1]))

    lists_of(fit, 1, liked_from=4.0, factors=3)
    assert seen["likes"] == [[1, 0, 0], [1, 0, 0], [0, 1, 1]]
    assert (seen["factors"], seen["entries"], len(seen)) == (3, 4, 3)
    lists_of(fit, 1)
    assert seen["likes"] == [[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]]


def test_movies_are_listed_by_the_users_own_scores() -> None:
    def fit(likes: Any) -> Scores:
        scores = np.array([[9, 0, 1, 2], [9, 5, 0, 5], [0, 0, 0, 0]], float)
        return lambda users: scores[users]

    assert lists_of(fit, 2, 1) == {1: [40, 30], 2: [20, 40]}


def test_movies_with_too_few_likes_come_last() -> None:
    def fit(likes: Any) -> Scores:
        assert likes.shape == (4, 3)
        return lambda users: np.tile([-1.0, -3.0, -2.0], (len(users), 1))

    assert lists_of(fit, 7, min_likes=2) == {7: [10, 30, 20, 40]}


def test_lists_end_after_their_length() -> None:
    many = pd.DataFrame({"user_id": 1, "movie_id": np.arange(LENGTH + 5), "rating": 3.0})
    lists = recommend(library(most_rated), many, np.array([2]), {})
    assert lists["movie_id"].tolist() == list(range(LENGTH))


def test_every_library_learns_from_a_kind_of_ratings_that_was_chosen() -> None:
    tuned = {name: of.settings for name, of in LIBRARIES.items() if name != "most_rated"}
    assert all(0.5 <= settings["liked_from"] <= 5 for settings in tuned.values())
