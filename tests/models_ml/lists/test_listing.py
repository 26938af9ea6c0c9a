import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array

from models_ml.lists.listing import (
    Chosen,
    columns_to_score,
    first_unseen,
    histories,
    popularity,
    reasons,
    titles_of,
    top_n,
)


@st.composite
def scores_and_seen(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Few different scores, so that ties are common; any share of movies seen."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 30)))
    scores = draw(hnp.arrays(np.float32, shape, elements=st.sampled_from([-1.5, -0.5, 0, 0.5, 1])))
    return scores, draw(hnp.arrays(bool, shape))


def by_user(chosen: Chosen, users: int) -> list[list[int]]:
    """The movies of each user; ranks count them from 1."""
    lists = [chosen.movies[chosen.rows == row].tolist() for row in range(users)]
    assert chosen.ranks.tolist() == [rank + 1 for movies in lists for rank in range(len(movies))]
    return lists


@given(case=scores_and_seen(), n=st.integers(1, 25))
def test_top_n_is_a_sorted_list_without_what_was_seen(
    case: tuple[np.ndarray, np.ndarray], n: int
) -> None:
    scores, seen = case
    expected = [
        sorted(np.flatnonzero(~of_user), key=lambda movie: (-row[movie], movie))[:n]
        for row, of_user in zip(scores, seen, strict=True)
    ]
    assert by_user(top_n(scores.copy(), csr_array(seen), n), len(scores)) == expected


@given(case=scores_and_seen())
def test_a_list_does_not_depend_on_who_else_is_asked_for(
    case: tuple[np.ndarray, np.ndarray],
) -> None:
    scores, seen = case
    together = by_user(top_n(scores.copy(), csr_array(seen)), len(scores))
    for row in range(len(scores)):
        alone = top_n(scores[[row]], csr_array(seen[[row]]))
        assert by_user(alone, 1) == [together[row]]


@given(case=scores_and_seen(), n=st.integers(1, 25))
def test_first_unseen_are_the_best_of_equal_scores(
    case: tuple[np.ndarray, np.ndarray], n: int
) -> None:
    scores, seen = case
    equal = top_n(np.zeros_like(scores), csr_array(seen), n)
    assert by_user(first_unseen(csr_array(seen), n), len(scores)) == by_user(equal, len(scores))


@given(case=scores_and_seen(), n=st.integers(1, 25), modelled=st.integers(0, 30))
def test_the_best_are_among_the_columns_to_score(
    case: tuple[np.ndarray, np.ndarray], n: int, modelled: int
) -> None:
    scores, seen = case
    scores[:, modelled:] = 0
    width = columns_to_score(min(modelled, scores.shape[1]), csr_array(seen), n)
    of_all = top_n(scores.copy(), csr_array(seen), n)
    of_first = top_n(scores[:, :width].copy(), csr_array(seen[:, :width]), n)
    assert by_user(of_first, len(scores)) == by_user(of_all, len(scores))


def test_popularity_counts_likes_first_then_ratings_then_ids() -> None:
    rows = pd.DataFrame(
        [(7, 5.0), (7, 4.0), (3, 4.0), (3, 4.5), (9, 4.0), (9, 1.0), (9, 2.0), (9, 3.0), (1, 3.5)],
        columns=["movie_id", "rating"],
    )
    counts = popularity(rows, liked_from=4)
    assert counts.to_numpy().tolist() == [
        [3, 2, 2, 4.25],
        [7, 2, 2, 4.5],
        [9, 1, 4, 2.5],
        [1, 0, 1, 3.5],
    ]


def test_histories_leave_unknown_movies_out() -> None:
    rated = histories(np.array([0, 2, 2]), np.array([1, 0, 3]), np.array([4.0, 3.0, 5.0]), 3)
    assert rated.toarray().tolist() == [[0, 4, 0], [0, 0, 0], [3, 0, 0]]


def test_reasons_of_lists() -> None:
    movies = pd.DataFrame({"movie_id": [1, 2, 3], "title": ["Heat (1995)", None, "Ronin (1998)"]})
    lists = pd.DataFrame(
        {"user_id": [8, 8, 9], "movie_id": [3, 1, 1], "because": [[1, 2], [2], []]}
    )
    rated = {(8, 1): 5.0, (8, 2): 4.0, (9, 3): 1.0}

    def stars_of(users: np.ndarray, movies: np.ndarray) -> np.ndarray:
        return np.array([rated[pair] for pair in zip(users.tolist(), movies.tolist(), strict=True)])

    assert reasons(lists, stars_of, titles_of(movies)) == [
        "because you rated Heat (1995) 5.0 and movie 2 4.0",
        "because you rated movie 2 4.0",
        None,
    ]
    # Somebody who rated all movies gets no list, and it may be that there is nobody else
    assert reasons(lists[:0].astype({"because": float}), stars_of, titles_of(movies)) == []
