"""EASE is what its paper says, and its lists hold only movies that a user has not rated."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from models_ml.fitting.recipe import Parts, Protocol, Task
from models_ml.lists.ease import EASE, item_weights, train

N_USERS, N_MOVIES = 60, 40


def rows_of(ratings: dict[tuple[int, int], float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(list(ratings), dtype=np.int64).reshape(-1, 2), np.array(list(ratings.values()))


def random_ratings(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """About a third of all pairs rated, in half stars."""
    generator = np.random.default_rng(seed)
    pairs = np.array([(u, m) for u in range(N_USERS) for m in range(N_MOVIES)])
    ids = pairs[generator.random(len(pairs)) < 0.35] * 3 + 100
    return ids, generator.integers(1, 11, len(ids)) / 2


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    return random_ratings()


@pytest.fixture(scope="module")
def fitted(data: tuple[np.ndarray, np.ndarray]) -> EASE:
    return EASE(regularisation=5).fit(*data)


@pytest.mark.parametrize("regularisation", [0.5, 20.0])
def test_the_closed_form_is_least_squares_under_the_constraint(regularisation: float) -> None:
    """Column by column: ridge regression of a movie's likes on those of all others."""
    likes = (np.random.default_rng(1).random((30, 8)) < 0.4).astype(float)
    expected = np.zeros((8, 8))
    for movie in range(8):
        others = np.arange(8) != movie
        x, y = likes[:, others], likes[:, movie]
        expected[others, movie] = np.linalg.solve(x.T @ x + regularisation * np.eye(7), x.T @ y)
    np.testing.assert_allclose(
        item_weights(csr_array(likes), regularisation), expected, rtol=1e-4, atol=1e-6
    )


def test_a_movie_without_likes_has_no_weights() -> None:
    likes = np.array([[1.0, 0, 1], [1, 0, 0]])
    weights = item_weights(csr_array(likes), 1)
    assert not weights[1].any() and not weights[:, 1].any()
    assert weights[0, 2] != 0


def naive_scores(model: EASE, ids: np.ndarray, stars: np.ndarray, user: int) -> dict[int, float]:
    modelled = model.movie_ids_[: len(model.weights_)].tolist()
    liked = [m for (u, m), s in zip(ids.tolist(), stars, strict=True) if u == user and s >= 4]
    return {
        movie: sum(
            float(model.weights_[modelled.index(other), modelled.index(movie)])
            for other in liked
            if other in modelled and movie in modelled
        )
        for movie in model.movie_ids_.tolist()
    }


def test_a_score_is_the_sum_over_the_users_likes(data, fitted) -> None:
    ids, stars = data
    for user in (100, 103, 160):
        naive = naive_scores(fitted, ids, stars, user)
        asked = np.array([(user, movie) for movie in naive])
        np.testing.assert_allclose(fitted.predict(asked), list(naive.values()), atol=1e-6)


def test_lists_are_the_best_unrated_movies(data, fitted) -> None:
    ids, stars = data
    lists = fitted.recommend(np.unique(ids[:, 0]), n=7)
    order = fitted.movie_ids_.tolist()
    for user, rows in lists.groupby("user_id"):
        naive = naive_scores(fitted, ids, stars, user)
        unseen = set(order) - {m for u, m in ids.tolist() if u == user}
        expected = sorted(unseen, key=lambda movie: (-round(naive[movie], 6), order.index(movie)))
        assert rows["movie_id"].tolist() == expected[:7]
        assert rows["rank"].tolist() == list(range(1, 8))
        assert rows["score"].is_monotonic_decreasing


def test_reasons_are_the_two_greatest_contributions(data, fitted) -> None:
    ids, stars = data
    modelled = fitted.movie_ids_[: len(fitted.weights_)].tolist()
    lists = fitted.recommend(np.array([100, 130]))
    assert lists["because"].str.len().max() == 2
    for row in lists.itertuples():
        weights = dict.fromkeys(modelled, 0.0)
        if row.movie_id in modelled:
            column = fitted.weights_[:, modelled.index(row.movie_id)]
            weights = dict(zip(modelled, column, strict=True))
        liked = ids[(ids[:, 0] == row.user_id) & (stars >= 4), 1].tolist()
        positive = [movie for movie in liked if weights.get(movie, 0) > 0]
        assert row.because == sorted(positive, key=lambda movie: -weights[movie])[:2]


def test_stars_are_looked_up(data, fitted) -> None:
    ids, stars = data
    asked = np.random.default_rng(0).permutation(len(ids))[:50]
    np.testing.assert_array_equal(fitted.stars_of(*ids[asked].T), stars[asked])


def test_lists_without_causes_are_the_same(data, fitted) -> None:
    users = np.unique(data[0][:, 0])
    pd.testing.assert_frame_equal(
        fitted.recommend(users, with_causes=False),
        fitted.recommend(users).drop(columns="because"),
    )


def test_folding_in_a_users_ratings_gives_the_users_list(data, fitted) -> None:
    ids, stars = data
    lists = fitted.recommend(np.unique(ids[:, 0]))
    for user, rows in lists.groupby("user_id"):
        is_theirs = ids[:, 0] == user
        shuffled = np.random.default_rng(0).permutation(is_theirs.sum())
        folded = fitted.fold_in(ids[is_theirs, 1][shuffled], stars[is_theirs][shuffled])
        pd.testing.assert_frame_equal(
            folded, rows.drop(columns="user_id").reset_index(drop=True), check_exact=True
        )


def test_a_saved_model_gives_the_same_lists(fitted, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    loaded = EASE.load(tmp_path / "model")
    users = np.array([100, 103, 9])
    pd.testing.assert_frame_equal(loaded.recommend(users), fitted.recommend(users))
    movies, stars = np.array([100, 106]), np.array([5.0, 4.0])
    pd.testing.assert_frame_equal(loaded.fold_in(movies, stars), fitted.fold_in(movies, stars))


def test_somebody_unknown_gets_the_most_liked_movies(fitted) -> None:
    popular = fitted.movie_ids_[:20].tolist()
    for lists in (
        fitted.recommend(np.array([9])),
        fitted.fold_in(np.array([]), np.array([])),
        fitted.fold_in(np.array([999_999]), np.array([5.0])),
    ):
        assert lists["movie_id"].tolist() == popular
        assert (lists["score"] == 0).all()
        assert not any(lists["because"])


def test_somebody_without_likes_gets_the_most_liked_movies_they_have_not_rated(fitted) -> None:
    rated = fitted.movie_ids_[[0, 2]]
    lists = fitted.fold_in(rated, np.array([1.0, 3.5]))
    assert lists["movie_id"].tolist() == np.delete(fitted.movie_ids_, [0, 2])[:20].tolist()
    assert not any(lists["because"])


def test_unknown_users_and_movies_score_0(fitted) -> None:
    known = fitted.movie_ids_[0]
    assert fitted.predict(np.array([[9, known], [100, 9], [9, 9]])).tolist() == [0, 0, 0]
    assert fitted.predict(np.empty((0, 2), np.int64)).tolist() == []


def test_movies_with_few_likes_come_after_those_that_go_with_the_users() -> None:
    """Movies 1 and 2 are liked together; 3 is liked by one other, 4 by nobody."""
    pairs = {(u, m): 5.0 for u in range(5) for m in (1, 2)}
    model = EASE(regularisation=1, min_likes=2).fit(
        *rows_of({**pairs, (5, 1): 4.0, (6, 3): 5.0, (6, 4): 1.0})
    )
    assert model.movie_ids_.tolist() == [1, 2, 3, 4]
    assert model.weights_.shape == (2, 2)
    lists = model.recommend(np.array([5]))
    assert lists["movie_id"].tolist() == [2, 3, 4]
    assert lists["because"].tolist() == [[1], [], []]


def test_the_most_liked_movies_are_kept_where_there_are_too_many(data) -> None:
    model = EASE(max_movies=10).fit(*data)
    assert model.weights_.shape == (10, 10)
    assert model.limits_ == {"fitted_movies": 10}
    assert EASE().fit(*data).limits_ == {}
    assert len(model.recommend(np.array([100]))) == 20


def test_nothing_liked_at_all(tmp_path: Path) -> None:
    model = EASE().fit(*rows_of({(1, 10): 3.0, (2, 10): 2.0, (2, 20): 1.0}))
    model.save(tmp_path / "model")
    for one in (model, EASE.load(tmp_path / "model")):
        lists = one.recommend(np.array([1, 2]))
        assert lists[["user_id", "movie_id"]].to_numpy().tolist() == [[1, 20]]


@settings(max_examples=50, deadline=None)
@given(
    ratings=st.dictionaries(
        st.tuples(st.integers(1, 6), st.integers(1, 30)),
        st.sampled_from([1.0, 3.5, 4.0, 5.0]),
        min_size=1,
    ),
    n=st.integers(1, 30),
)
def test_everybody_gets_a_full_list_of_movies_not_rated(
    ratings: dict[tuple[int, int], float], n: int
) -> None:
    movies = {movie for _, movie in ratings}
    users = sorted({user for user, _ in ratings})
    lists = EASE(regularisation=1, min_likes=1).fit(*rows_of(ratings)).recommend(np.array(users), n)
    for user in users:
        listed = lists.loc[lists["user_id"] == user, "movie_id"].tolist()
        unseen = movies - {movie for other, movie in ratings if other == user}
        assert len(listed) == len(set(listed)) == min(n, len(unseen))
        assert set(listed) <= unseen


def task(protocol: Protocol) -> Task:
    """The ratings of :func:`random_ratings`, their last rows held out; user 100 only tests."""
    ids, stars = random_ratings()
    rows = pd.DataFrame({"user_id": ids[:, 0], "movie_id": ids[:, 1], "rating": stars})
    is_test = (rows["user_id"] == 100) | (rows.index % 5 == 4)
    held_out = rows[is_test] if protocol != "serving" else rows[:0]
    kept = rows[~is_test] if protocol != "serving" else rows
    titles = [f"Title, The ({1900 + movie})" for movie in range(100, 230)]
    return Task(
        protocol=protocol,
        parts=Parts(kept[kept.index % 10 != 3], kept[kept.index % 10 == 3], held_out.iloc[:, :2]),
        marts={
            "core.dim_movies": pd.DataFrame({"movie_id": range(100, 230), "title": titles}),
        },
        scale=(0.5, 5.0),
        params={"min_likes": 2},
        seed=0,
        report=lambda words: None,
    )


def test_lists_of_a_protocol_are_for_those_with_test_rows() -> None:
    given_task = task("random")
    lists = train(given_task).results["recommendations"]
    parts = given_task.parts
    seen = pd.concat([parts.train, parts.validation])[["user_id", "movie_id"]]

    assert set(lists["user_id"]) == set(parts.test["user_id"])
    assert list(lists) == ["user_id", "rank", "movie_id", "score", "reason"]
    assert lists["reason"].isna().all()
    assert lists.merge(seen).empty
    # Of user 100 nothing is known
    likes = pd.concat([parts.train, parts.validation]).query("rating >= 4")["movie_id"]
    listed = lists.loc[lists["user_id"] == 100, "movie_id"]
    assert likes.value_counts()[listed].is_monotonic_decreasing


def test_lists_to_serve_are_for_everybody_with_reasons() -> None:
    given_task = task("serving")
    outcome = train(given_task)
    lists = outcome.results["recommendations"]
    seen = pd.concat([given_task.parts.train, given_task.parts.validation])

    assert set(lists["user_id"]) == set(seen["user_id"])
    assert lists.merge(seen, on=["user_id", "movie_id"]).empty
    rated = r"The Title \(\d{4}\) [45]\.[05]"
    reasons = lists["reason"].dropna()
    assert len(reasons)
    assert reasons.str.fullmatch(rf"because you rated {rated}( and {rated})?").all()
    assert "lists for 60" in outcome.note
