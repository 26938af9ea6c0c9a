"""The ranker ranks what its sources offer, from what it says it knows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models_ml.fitting.ids import codes_of
from models_ml.fitting.recipe import Parts, Protocol, Task
from models_ml.lists.ease import EASE
from models_ml.lists.follow import FADING, follow_weights
from models_ml.lists.ranker import FEATURES, Ranker, train

N_USERS, N_MOVIES, N_GROUPS = 90, 60, 3
DAY = pd.Timedelta(days=1)


def planted_ratings() -> pd.DataFrame:
    """Users and movies of three groups: a user rates mostly the own group's, and likes them."""
    generator = np.random.default_rng(5)
    users, movies = np.divmod(np.arange(N_USERS * N_MOVIES), N_MOVIES)
    is_own = users % N_GROUPS == movies % N_GROUPS
    is_rated = generator.random(len(users)) < np.where(is_own, 0.6, 0.08)
    stars = np.where(is_own, generator.integers(7, 11, len(users)), generator.integers(1, 7)) / 2
    rows = pd.DataFrame({"user_id": users * 2 + 10, "movie_id": movies * 3 + 100, "rating": stars})
    rows = rows[is_rated].reset_index(drop=True)
    first = pd.Timestamp("2001-01-01")
    return rows.assign(rated_at=first + DAY * pd.Series(generator.permutation(len(rows))))


MOVIES = pd.DataFrame(
    {
        "movie_id": np.arange(N_MOVIES) * 3 + 100,
        "title": [f"Title, The ({1940 + movie})" for movie in range(N_MOVIES)],
        "release_year": pd.array([1940 + movie for movie in range(N_MOVIES - 1)] + [None], "Int32"),
    }
)
GENRES = pd.DataFrame(
    [(movie, f"Genre {position % N_GROUPS}") for position, movie in enumerate(MOVIES["movie_id"])]
    + [(100, "Genre 1")],
    columns=["movie_id", "genre"],
)
PARAMETERS: dict[str, Any] = {
    **{"regularisation": 5.0, "seen_regularisation": 5.0, "candidates": 25},
    **{"popular_candidates": 10, "n_estimators": 30, "min_child_samples": 20},
}


def fit(train_rows: pd.DataFrame, validation: pd.DataFrame, **parameters: float) -> Ranker:
    return Ranker(**{**PARAMETERS, **parameters}).fit(train_rows, validation, MOVIES, GENRES)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return planted_ratings()


@pytest.fixture(scope="module")
def parts(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    is_validation = rows.index % 5 == 0
    return rows[~is_validation], rows[is_validation]


@pytest.fixture(scope="module")
def fitted(parts: tuple[pd.DataFrame, pd.DataFrame]) -> Ranker:
    return fit(*parts)


def features_of(model: Ranker, user: int, movie: int) -> dict[str, float]:
    """A row of the trees for one user and movie, by name."""
    pool = model._pool(np.array([user]))
    column = model.source_.movie_ids_.tolist().index(movie)
    (row,) = model._features(pool, np.array([0]), np.array([column]))
    return dict(zip(FEATURES, row.tolist(), strict=True))


def test_lists_hold_candidates_that_the_user_has_not_rated(rows, fitted) -> None:
    users = np.unique(rows["user_id"])
    lists = fitted.recommend(users)
    assert lists.merge(rows, on=["user_id", "movie_id"]).empty
    assert not lists.duplicated(["user_id", "movie_id"]).any()
    for _, of_user in lists.groupby("user_id"):
        assert of_user["rank"].tolist() == list(range(1, 21))
        assert of_user["score"].is_monotonic_decreasing


def test_it_finds_what_was_planted(rows, fitted) -> None:
    firsts = fitted.recommend(np.unique(rows["user_id"]), n=3)
    user_groups = (firsts["user_id"] - 10) // 2 % N_GROUPS
    movie_groups = (firsts["movie_id"] - 100) // 3 % N_GROUPS
    assert (user_groups == movie_groups).mean() > 0.95


def test_scores_of_lists_are_those_that_it_predicts(fitted) -> None:
    lists = fitted.recommend(np.array([10, 44, 9]))
    predicted = fitted.predict(lists[["user_id", "movie_id"]].to_numpy())
    np.testing.assert_allclose(predicted, lists["score"], rtol=1e-12)


def test_the_sources_know_all_rows_in_the_end(rows, fitted) -> None:
    ease = EASE(regularisation=5).fit(
        rows[["user_id", "movie_id"]].to_numpy(), rows["rating"].to_numpy()
    )
    np.testing.assert_array_equal(fitted.source_.movie_ids_, ease.movie_ids_)
    np.testing.assert_allclose(fitted.source_.weights_, ease.weights_, atol=1e-6)


def test_the_trees_learn_from_sources_that_have_not_seen_the_labels(parts, monkeypatch) -> None:
    train_rows, validation = parts
    seen = []
    learn = Ranker._examples

    def watched(self: Ranker, rows: pd.DataFrame) -> Any:
        known = self.source_.histories_of(np.unique(rows["user_id"]))
        seen.append(known.nnz)
        return learn(self, rows)

    monkeypatch.setattr(Ranker, "_examples", watched)
    fit(train_rows, validation)
    users = validation["user_id"].unique()
    assert seen == [train_rows["user_id"].isin(users).sum()]


def naive_cut(rows: pd.DataFrame, cut: float, horizon: float) -> tuple[set, set]:
    """The pairs before a cut through each user's ratings by time, and those next."""
    before, after = set(), set()
    for user, of_user in rows.sort_values(["rated_at", "movie_id"]).groupby("user_id"):
        movies = of_user["movie_id"].tolist()
        start, end = int(cut * len(movies)), int((cut + horizon) * len(movies) + 1e-9)
        before |= {(user, movie) for movie in movies[:start]}
        after |= {(user, movie) for movie in movies[start:end]}
    return before, after


def pairs_of(rows: pd.DataFrame) -> set:
    return set(rows[["user_id", "movie_id"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("cut", [0.8, 0.65])
def test_a_cut_divides_the_ratings_of_each_user_by_time(rows, cut: float) -> None:
    ((before, after),) = Ranker(cuts=(cut,), horizon=0.2)._cuts(rows)

    assert (pairs_of(before), pairs_of(after)) == naive_cut(rows, cut, 0.2)
    assert len(before) + len(after) <= len(rows)


def asking_next(train_rows: pd.DataFrame, validation: pd.DataFrame, **parameters: Any) -> Ranker:
    model = Ranker(**{**PARAMETERS, **parameters})
    return model.fit(train_rows, validation, MOVIES, GENRES, asks_next=True)


def test_where_lists_say_what_comes_next_the_trees_learn_from_each_cut(
    rows, parts, monkeypatch
) -> None:
    seen = []
    examples = Ranker._examples

    def watched(self: Ranker, after: pd.DataFrame) -> Any:
        known = self.source_.histories_of(self.source_.user_ids_).nnz
        seen.append((known, pairs_of(after)))
        return examples(self, after)

    monkeypatch.setattr(Ranker, "_examples", watched)
    asking_next(*parts)

    expected = [naive_cut(rows, cut, 0.2) for cut in (0.8, 0.65)]
    assert seen == [(len(before), after) for before, after in expected]


def test_what_comes_next_is_not_asked_where_times_are_missing(parts, fitted) -> None:
    untimed = [part.assign(rated_at=part["rated_at"].mask(part.index == 3)) for part in parts]

    assert asking_next(*untimed).trees_.tobytes() == fit(*untimed).trees_.tobytes()
    assert asking_next(*parts).trees_.tobytes() != fitted.trees_.tobytes()


def test_users_with_one_rating_have_nothing_before_a_cut(parts) -> None:
    alone = [part.drop_duplicates("user_id") for part in parts]
    train_rows, validation = alone[0], alone[1].iloc[:0]

    lists = asking_next(train_rows, validation).recommend(np.unique(train_rows["user_id"]))

    assert np.isfinite(lists["score"]).all()


def test_users_drawn_at_any_cut_are_told_of(rows) -> None:
    """At the earlier cut, those who rated little have nothing next."""
    little = rows.groupby("user_id").cumcount() < np.where(rows["user_id"] < 100, 30, 2)
    model = asking_next(rows[little], rows[:0], max_users=46, cuts=(0.9, 0.1), horizon=0.1)

    assert model.limits_ == {"fitted_users": 46}


def test_labels_are_the_liked_validation_rows_among_candidates(parts) -> None:
    train_rows, validation = parts
    model = Ranker(**PARAMETERS)
    model._fit_sources(train_rows, MOVIES, GENRES)
    features, labels = model._examples(validation)

    expected, rows_expected = 0, 0
    for user, of_user in validation[validation["rating"] >= 4].groupby("user_id"):
        pool = model._pool(np.array([user]))
        candidates = set(model.source_.movie_ids_[pool.is_candidate[0]])
        hits = len(candidates & set(of_user["movie_id"]))
        expected += hits
        rows_expected += len(candidates) if hits else 0
    assert labels.sum() == expected > 50
    assert features.shape == (len(labels), len(FEATURES)) == (rows_expected, len(FEATURES))


def test_features_are_what_their_names_say(rows, fitted) -> None:
    user, movie = 10, 106
    own = rows[rows["user_id"] == user]
    liked = own[own["rating"] >= 4].merge(MOVIES).merge(GENRES)
    of_movie = rows[rows["movie_id"] == movie]
    found = features_of(fitted, user, movie)

    assert found["movie_ratings"] == len(of_movie)
    assert found["movie_likes"] == (of_movie["rating"] >= 4).sum()
    assert found["movie_mean"] == pytest.approx(of_movie["rating"].mean(), rel=1e-6)
    assert found["user_likes"] == liked["movie_id"].nunique()
    assert found["user_mean"] == pytest.approx(own["rating"].mean(), rel=1e-6)
    shares = (liked["genre"] == "Genre 2").sum() / liked["movie_id"].nunique()
    assert found["genre_share"] == pytest.approx(shares, abs=1e-6)
    years = liked.drop_duplicates("movie_id")["release_year"].astype(float)
    assert found["release_year"] == 1942
    assert found["years_after_liked"] == pytest.approx(1942 - years.mean(), abs=1e-3)
    year = 365.25 * DAY
    asked = own["rated_at"].max()
    assert found["years_in_data"] == pytest.approx(
        (asked - of_movie["rated_at"].min()) / year, abs=1e-3
    )
    assert found["movie_age"] == pytest.approx(
        1970 + (asked - pd.Timestamp(0)) / year - 1942, abs=1e-3
    )


def test_ranks_are_those_of_the_sources(rows, fitted) -> None:
    rated = set(rows.loc[rows["user_id"] == 10, "movie_id"])
    unseen = [movie for movie in fitted.source_.movie_ids_.tolist() if movie not in rated]
    by_ease = fitted.source_.recommend(np.array([10]), 25)["movie_id"].tolist()
    for position, movie in enumerate(unseen):
        found = features_of(fitted, 10, movie)
        ease_rank = by_ease.index(movie) + 1 if movie in by_ease else 26
        assert (found["popularity_rank"], found["like_rank"]) == (min(position + 1, 11), ease_rank)


def follow_scores_of(model: Ranker, rows: pd.DataFrame, user: int) -> dict[int, float]:
    """By movie, what the user's ratings by time say of it, the last ones most."""
    own = rows[rows["user_id"] == user].sort_values("rated_at")["movie_id"].tolist()
    known = model.source_.movie_ids_.tolist()
    total = np.zeros(len(model.follow_weights_))
    for age, movie in enumerate(reversed(own)):
        column = known.index(movie)
        if column < len(total):
            total += np.exp(-age / FADING) * model.follow_weights_[column]
    return dict(zip(known, total.tolist(), strict=False))


def test_the_third_source_scores_what_follows_the_last_ratings(rows, fitted) -> None:
    expected = follow_scores_of(fitted, rows, 10)
    rated = set(rows.loc[rows["user_id"] == 10, "movie_id"])
    unseen = sorted(expected.keys() - rated, key=lambda movie: -expected[movie])
    for movie, score in expected.items():
        found = features_of(fitted, 10, movie)
        assert found["follow_score"] == pytest.approx(score, rel=1e-4, abs=1e-6)
        if movie not in rated:
            assert found["follow_rank"] == min(unseen.index(movie) + 1, 26)


def test_of_a_user_who_is_not_known_nothing_follows(fitted) -> None:
    assert features_of(fitted, 9, 106)["follow_score"] == 0


def test_the_weights_of_what_follows_are_those_of_all_rows_by_time(rows, fitted) -> None:
    source = fitted.source_
    by_time = rows.sort_values(["user_id", "rated_at", "movie_id"])
    expected = follow_weights(
        codes_of(by_time["user_id"].to_numpy(), source.user_ids_),
        codes_of(by_time["movie_id"].to_numpy(), source.movie_ids_),
        len(source.weights_),
    )
    np.testing.assert_array_equal(fitted.follow_weights_, expected)


def test_the_same_seed_gives_the_same_trees_and_another_does_not(parts, fitted) -> None:
    assert fit(*parts).trees_.tobytes() == fitted.trees_.tobytes()
    assert fit(*parts, random_state=1).trees_.tobytes() != fitted.trees_.tobytes()


def test_a_saved_model_gives_the_same_lists(fitted, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    users = np.array([10, 44, 9])
    pd.testing.assert_frame_equal(
        Ranker.load(tmp_path / "model").recommend(users), fitted.recommend(users)
    )


def test_an_unknown_user_has_a_list_and_an_unknown_movie_a_score(fitted) -> None:
    known = fitted.source_.movie_ids_[0]
    assert len(fitted.recommend(np.array([9]))) == 20
    assert not any(fitted.recommend(np.array([9]))["because"])
    scores = fitted.predict(np.array([[9, known], [10, 9], [9, 9]]))
    assert scores[0] > 0
    assert scores[1:].tolist() == [0, 0]


def test_without_times_release_years_and_likes_there_are_lists(parts) -> None:
    train_rows, validation = (part.assign(rated_at=pd.NaT) for part in parts)
    bare = MOVIES.assign(release_year=pd.array([None] * N_MOVIES, "Int32"))
    model = Ranker(**PARAMETERS).fit(
        train_rows.assign(rating=1.0), validation.assign(rating=1.0), bare, GENRES
    )
    lists = model.recommend(np.unique(train_rows["user_id"]))
    assert lists.groupby("user_id").size().eq(20).all()
    assert np.isfinite(lists["score"]).all()


def test_where_nothing_can_be_learnt_lists_are_those_of_ease(parts) -> None:
    train_rows, validation = parts
    model = fit(train_rows, validation.assign(rating=1.0))
    users = np.unique(train_rows["user_id"])
    columns = ["user_id", "rank", "movie_id", "because"]
    pd.testing.assert_frame_equal(
        model.recommend(users)[columns], model.source_.recommend(users)[columns]
    )


def test_a_list_is_short_where_few_movies_are_left(rows) -> None:
    few = rows[rows["movie_id"] < 130]
    model = fit(few[few.index % 4 > 0], few[few.index % 4 == 0])
    lists = model.recommend(np.unique(few["user_id"]))
    unseen = few["movie_id"].nunique() - few.groupby("user_id")["movie_id"].nunique()
    lengths = lists.groupby("user_id").size().reindex(unseen.index, fill_value=0)
    assert lengths.tolist() == unseen.tolist()


def task(protocol: Protocol) -> Task:
    rows = planted_ratings()
    is_test = rows.index % 5 == 4
    held_out = rows[is_test] if protocol != "serving" else rows[:0]
    kept = rows[~is_test] if protocol != "serving" else rows
    validation = kept.index % 10 == 3
    return Task(
        protocol=protocol,
        parts=Parts(kept[~validation], kept[validation], held_out[["user_id", "movie_id"]]),
        marts={"core.dim_movies": MOVIES, "core.bridge_movie_genres": GENRES},
        scale=(0.5, 5.0),
        params=PARAMETERS,
        seed=0,
        report=lambda words: None,
    )


@pytest.mark.parametrize("protocol", ["last", "serving"])
def test_what_training_gives(protocol: Protocol) -> None:
    given = task(protocol)
    lists = train(given).results["recommendations"]
    seen = pd.concat([given.parts.train, given.parts.validation])
    asked = given.parts.test if protocol != "serving" else seen

    assert list(lists) == ["user_id", "rank", "movie_id", "score", "reason"]
    assert set(lists["user_id"]) == set(asked["user_id"])
    assert lists.merge(seen, on=["user_id", "movie_id"]).empty
    if protocol != "serving":
        assert lists["reason"].isna().all()
    else:
        assert lists["reason"].dropna().str.match("because you rated The Title").all()
        assert lists["reason"].notna().any()


def test_where_there_are_many_users_the_trees_learn_from_some(parts) -> None:
    few, all_users = fit(*parts, max_users=20), fit(*parts)

    assert (few.limits_, all_users.limits_) == ({"fitted_users": 20}, {})
    assert few.trees_.tobytes() == fit(*parts, max_users=20).trees_.tobytes()
    assert few.trees_.tobytes() != all_users.trees_.tobytes()
    limited = replace(task("last"), params={**PARAMETERS, "max_users": 20, "max_movies": 50})
    assert train(limited).limits == {"fitted_movies": 50, "fitted_users": 20}
    assert train(task("last")).limits == {}


def test_the_list_to_serve_is_asked_for_at_the_end_of_the_data() -> None:
    serving = train(task("serving")).model
    assert isinstance(serving, Ranker)
    last = (planted_ratings()["rated_at"].max() - pd.Timestamp(0)) / (365.25 * DAY)
    assert serving.asked_at_ == pytest.approx(last)
