"""Diverse lists hold the ranker's movies, in an order that mixes genres."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models_ml.lists.diverse import jaccard, marginal_relevance


def naive_order(scores: list[float], likeness: np.ndarray, n: int, diversity: float) -> list[int]:
    """Choose by the definition: the first of the best, again and again."""
    order: list[int] = []
    while len(order) < min(n, len(scores)):
        rest = [movie for movie in range(len(scores)) if movie not in order]
        values = [
            (1 - diversity) * scores[movie] / scores[0]
            - diversity * max((likeness[movie, one] for one in order), default=0)
            for movie in rest
        ]
        order.append(rest[int(np.argmax(values))])
    return order


def test_likeness_is_the_share_of_common_genres() -> None:
    genres = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]], np.float32)

    expected = np.array([[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(jaccard(genres), expected)


@given(
    scores=st.lists(st.floats(0.01, 1), min_size=1, max_size=8),
    n=st.integers(1, 10),
    diversity=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_the_order_is_that_of_the_definition(
    scores: list[float], n: int, diversity: float, seed: int
) -> None:
    scores = sorted(scores, reverse=True)
    genres = np.random.default_rng(seed).integers(0, 2, (len(scores), 4)).astype(np.float32)
    likeness = jaccard(genres)

    order = marginal_relevance(np.array(scores), likeness, n, diversity)

    assert order.tolist() == naive_order(scores, likeness, n, diversity)


def test_without_weight_on_likeness_the_list_is_the_rankers() -> None:
    likeness = np.ones((5, 5))

    assert marginal_relevance(np.arange(5, 0, -1.0), likeness, 3, 0.0).tolist() == [0, 1, 2]


def test_a_list_of_two_holds_the_best_and_what_is_unlike_it() -> None:
    scores = np.array([1.0, 0.9, 0.8])
    likeness = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])

    assert marginal_relevance(scores, likeness, 2, 0.5).tolist() == [0, 2]


def test_as_many_movies_are_chosen_as_there_are() -> None:
    assert len(marginal_relevance(np.array([1.0, 0.5]), np.eye(2), 20, 0.2)) == 2
