"""SASRec learns what is liked after what, from what it says it knows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models_ml.fitting.recipe import Parts, Task
from models_ml.lists.sasrec import (
    FIRST_SCALE,
    SASRec,
    Sequences,
    build_model,
    cross_entropy,
    first_vectors,
    movie_vectors,
    train,
    user_vectors,
)

N_USERS, N_MOVIES, N_RATINGS = 60, 24, 12
DAY = pd.Timedelta(days=1)
PARAMETERS: dict[str, Any] = {
    **{"length": 8, "horizon": 1, "factors": 16, "dropout": 0.1, "learning_rate": 0.02},
    **{"max_epochs": 12, "patience": 12},
}


def planted_ratings() -> pd.DataFrame:
    """Each user likes one movie after the other, in a circle, from a movie of their own on."""
    users, steps = np.divmod(np.arange(N_USERS * N_RATINGS), N_RATINGS)
    movies = (users * 7 + steps) % N_MOVIES
    rows = pd.DataFrame({"user_id": users * 2 + 10, "movie_id": movies * 3 + 100, "rating": 4.5})
    rows["rated_at"] = pd.Timestamp("2001-01-01") + DAY * pd.Series(steps)
    return rows.sample(frac=1, random_state=3).sort_index(key=lambda index: index % 7)


def divided(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each user's ratings but the last two, and the first of these."""
    position = rows.groupby("user_id")["rated_at"].rank()
    return rows[position <= N_RATINGS - 2], rows[position == N_RATINGS - 1]


def fit(rows: pd.DataFrame, **parameters: Any) -> SASRec:
    return SASRec(**{**PARAMETERS, **parameters}).fit(*divided(rows))


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return planted_ratings()


@pytest.fixture(scope="module")
def fitted(rows: pd.DataFrame) -> SASRec:
    return fit(rows)


def sequences(*of_users: list[tuple[int, int]]) -> Sequences:
    """Sequences of movies, each with whether it was liked."""
    flat = np.array([one for of_user in of_users for one in of_user], np.int32).reshape(-1, 2)
    bounds = np.cumsum([0, *map(len, of_users)])
    return Sequences(flat[:, 0], flat[:, 1], bounds)


def test_it_finds_what_was_planted(rows: pd.DataFrame, fitted: SASRec) -> None:
    """The next movie in the circle, after the validation row that was not fitted."""
    last = rows.loc[rows.groupby("user_id")["rated_at"].idxmax()].set_index("user_id")["movie_id"]
    lists = fitted.recommend(last.index.to_numpy(), n=1).set_index("user_id")["movie_id"]

    assert (lists == last).mean() > 0.8


def test_lists_hold_movies_that_the_user_has_not_rated(rows, fitted) -> None:
    known = pd.concat(divided(rows))
    lists = fitted.recommend(np.unique(rows["user_id"]), n=5)

    assert lists.merge(known, on=["user_id", "movie_id"]).empty
    assert not lists.duplicated(["user_id", "movie_id"]).any()
    for _, of_user in lists.groupby("user_id"):
        assert of_user["rank"].tolist() == [1, 2, 3, 4, 5]
        assert of_user["score"].is_monotonic_decreasing


def test_scores_of_lists_are_the_chances_that_it_predicts(fitted) -> None:
    lists = fitted.recommend(np.array([10, 44, 9]))
    predicted = fitted.predict(lists[["user_id", "movie_id"]].to_numpy())

    np.testing.assert_allclose(predicted, lists["score"], rtol=1e-6)


def test_the_chances_of_a_user_sum_up_to_one(fitted) -> None:
    pairs = np.column_stack([np.full(N_MOVIES, 44), fitted.movie_ids_])

    assert fitted.predict(pairs).sum() == pytest.approx(1)


def test_a_list_does_not_depend_on_who_else_is_asked_for(fitted) -> None:
    together = fitted.recommend(fitted.user_ids_)
    alone = pd.concat([fitted.recommend(np.array([user])) for user in fitted.user_ids_])

    columns = ["user_id", "rank", "movie_id"]
    pd.testing.assert_frame_equal(together[columns], alone[columns].reset_index(drop=True))


def test_somebody_unknown_gets_the_most_liked_movies(fitted) -> None:
    assert fitted.recommend(np.array([9]))["movie_id"].tolist() == fitted.movie_ids_[:20].tolist()
    scores = fitted.predict(np.array([[9, fitted.movie_ids_[0]], [10, 9], [9, 9]]))
    np.testing.assert_allclose(scores, [1 / N_MOVIES, 0, 0])


def test_the_same_seed_gives_the_same_vectors_and_another_does_not(rows) -> None:
    first, same, other = (fit(rows, random_state=seed, max_epochs=2) for seed in (0, 0, 1))

    np.testing.assert_array_equal(first.user_vectors_, same.user_vectors_)
    np.testing.assert_array_equal(first.movie_vectors_, same.movie_vectors_)
    assert not np.allclose(first.user_vectors_, other.user_vectors_)


def test_the_order_of_rows_does_not_matter(rows) -> None:
    shuffled = rows.sample(frac=1, random_state=5)

    np.testing.assert_array_equal(
        fit(rows, max_epochs=1).user_vectors_, fit(shuffled, max_epochs=1).user_vectors_
    )


def test_a_saved_model_gives_the_same_lists(fitted, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    users = np.array([10, 44, 9])

    pd.testing.assert_frame_equal(
        SASRec.load(tmp_path / "model").recommend(users), fitted.recommend(users)
    )


def test_the_weights_of_the_best_epoch_stay(rows) -> None:
    model = fit(rows, max_epochs=30, patience=2, learning_rate=0.1)
    losses = [row["val_loss"] for row in model.history_]

    assert losses.index(min(losses)) == len(losses) - 3
    again = fit(rows, max_epochs=len(losses) - 2, patience=30, learning_rate=0.1)
    np.testing.assert_array_equal(model.user_vectors_, again.user_vectors_)


def test_ratings_without_times_say_nothing_of_the_order(rows) -> None:
    """They are left out as if their users had not given them, but for what is listed."""
    train_rows, validation = (
        part.assign(rated_at=part["rated_at"].mask(part["user_id"] % 4 == 0))
        for part in divided(rows)
    )
    untimed = SASRec(**{**PARAMETERS, "max_epochs": 1}).fit(train_rows, validation)
    users = rows.loc[rows["user_id"] % 4 == 0, "user_id"].unique()

    assert not untimed.user_vectors_[np.isin(untimed.user_ids_, users).nonzero()].any()
    lists = untimed.recommend(users)
    assert lists.merge(pd.concat(divided(rows)), on=["user_id", "movie_id"]).empty


def test_without_any_time_lists_are_the_most_liked_movies(rows) -> None:
    train_rows, validation = (
        part.assign(rated_at=pd.Series(pd.NaT, part.index)) for part in divided(rows)
    )
    model = SASRec(**PARAMETERS).fit(train_rows, validation)

    assert model.history_ == []
    for user, of_user in model.recommend(np.array([10, 44])).groupby("user_id"):
        rated = train_rows.loc[train_rows["user_id"] == user, "movie_id"].tolist()
        rated += validation.loc[validation["user_id"] == user, "movie_id"].tolist()
        unseen = [movie for movie in model.movie_ids_.tolist() if movie not in rated]
        assert of_user["movie_id"].tolist() == unseen[:20]


def test_without_likes_there_are_lists(rows) -> None:
    model = fit(rows.assign(rating=1.0))

    lists = model.recommend(model.user_ids_, n=5)
    assert lists.groupby("user_id").size().eq(5).all()
    assert np.isfinite(lists["score"]).all()


def test_where_there_are_many_movies_the_most_liked_are_in_the_model(rows) -> None:
    few = fit(rows, max_movies=10, max_epochs=1)

    assert (few.limits_, len(few.movie_vectors_)) == ({"fitted_movies": 10}, 10)
    lists = few.recommend(few.user_ids_, n=N_MOVIES)
    counts = pd.concat(divided(rows)).groupby("user_id").size()
    assert (lists.groupby("user_id").size() == N_MOVIES - counts).all()
    scores = few.predict(np.column_stack([np.full(N_MOVIES, 44), few.movie_ids_]))
    assert not scores[10:].any()


def test_no_vector_depends_on_later_ratings() -> None:
    network = build_model(n_movies=9, length=6, factors=4, n_blocks=2)
    movies, likes = np.arange(6)[None] + 1, np.ones((1, 6), int)
    changed = movies.copy()
    changed[:, 4:] = 0

    before, after = (network.predict_on_batch([codes, likes]) for codes in (movies, changed))

    np.testing.assert_allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert not np.allclose(before[:, 4:], after[:, 4:], atol=1e-3)


def test_examples_are_liked_ones_of_the_next_ratings() -> None:
    given = sequences([(0, 1), (1, 0), (2, 1), (3, 1), (4, 0), (5, 1)], [(6, 1), (7, 0)])
    seen = set()
    generator = np.random.default_rng(1)
    for _ in range(300):
        movies, likes, cells, targets = given.examples(np.array([0, 1]), 3, 2, generator)
        assert movies.shape == likes.shape == (2, 3)
        read = movies.ravel()[cells]
        seen |= set(zip(read.tolist(), targets.tolist(), strict=True))

    # What follows within two ratings and is liked; the second user likes nothing later
    assert seen == {(0, 2), (1, 2), (1, 3), (2, 3), (3, 5), (4, 5)}


def test_windows_are_the_last_ratings_before() -> None:
    given = sequences([(0, 1)] * 5, [(0, 1)] * 2, [])
    places, is_in = given.windows(np.array([0, 0, 1, 2]), np.array([5, 2, 7, 7]), 3)

    found = [row[kept].tolist() for row, kept in zip(places, is_in, strict=True)]
    assert found == [[2, 3, 4], [0, 1], [5, 6], []]


def test_vectors_are_those_at_the_last_rating_and_0_without_any() -> None:
    network = build_model(n_movies=5, length=3, factors=4)
    given = sequences([(0, 1), (1, 0)], [], [(2, 1), (3, 1), (4, 0), (1, 1)])
    found = user_vectors(network, given, np.array([0, 1, 2]))

    short = network.predict_on_batch([np.array([[0, 1, 0]]), np.array([[1, 0, 0]])])
    long = network.predict_on_batch([np.array([[3, 4, 1]]), np.array([[1, 0, 1]])])
    np.testing.assert_allclose(found[0], short[0, 1], atol=1e-6)
    np.testing.assert_allclose(found[2], long[0, 2], atol=1e-6)
    assert not found[1].any()


def test_the_loss_is_that_of_a_naive_loop() -> None:
    network = build_model(n_movies=5, length=3, factors=4)
    before = sequences([(0, 1), (1, 0)], [(2, 1)], [(3, 1)])
    after = sequences([(2, 1), (3, 0)], [(3, 0)], [(0, 1), (4, 1)])
    vectors = user_vectors(network, before, np.arange(3))
    losses = []
    for user, movie in [(0, 2), (2, 0), (2, 4)]:
        logits = movie_vectors(network).astype(float) @ vectors[user]
        losses.append(np.log(np.exp(logits).sum()) - logits[movie])

    found = cross_entropy(network, before, after, np.array([0, 2]))
    assert found == pytest.approx(np.mean(losses), rel=1e-5)


def test_first_vectors_are_alike_where_the_same_users_like_movies() -> None:
    given = sequences([(0, 1), (1, 1), (4, 0)], [(0, 1), (1, 1)], [(2, 1), (3, 1)])
    vectors = first_vectors(given, 6, 4, seed=0)
    likeness = vectors @ vectors.T

    assert likeness[0, 1] == pytest.approx(likeness[0, 0], rel=1e-4)
    assert likeness[0, 2] == pytest.approx(0, abs=1e-6)
    assert not vectors[4:].any()
    assert np.sqrt(np.mean(vectors**2)) == pytest.approx(FIRST_SCALE)
    assert not first_vectors(sequences([(0, 0)]), 6, 4, seed=0).any()


def task() -> Task:
    rows = planted_ratings()
    train_rows, validation = divided(rows)
    test = rows.drop(train_rows.index.union(validation.index))
    return Task(
        protocol="last",
        parts=Parts(train_rows, validation, test[["user_id", "movie_id", "rated_at"]]),
        marts={},
        scale=(0.5, 5.0),
        params={**PARAMETERS, "max_epochs": 2},
        seed=0,
        report=lambda words: None,
    )


def test_what_training_gives() -> None:
    given = task()
    outcome = train(given)
    lists, history = outcome.results["recommendations"], outcome.results["training_history"]

    assert list(lists) == ["user_id", "rank", "movie_id", "score", "reason"]
    assert set(lists["user_id"]) == set(given.parts.test["user_id"])
    assert lists["reason"].isna().all()
    assert list(history) == ["epoch", "loss", "val_loss", "seconds"]
    layers = outcome.results["network_layers"].set_index("layer")
    assert layers["weight_count"]["movie_vector"] == 16 * N_MOVIES
    assert outcome.limits == {}
    limited = replace(given, params={**PARAMETERS, "max_epochs": 1, "max_movies": 10})
    assert train(limited).limits == {"fitted_movies": 10}
