"""Segments of users: planted ones are found, and their number is chosen for the reasons given."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml.fitting.recipe import Parts, Task
from models_ml.segments.user_segments import (
    FEATURES,
    GENRES,
    GROUPS,
    WEIGHTS,
    Trial,
    UserSegments,
    best,
    principal_axes,
    stability,
    train,
)
from warehouse.errors import UserError

NOTHING = Parts(*(pd.DataFrame(columns=["user_id", "movie_id"]) for _ in range(3)))

# What users of a kind do: mean rating, log of ratings, year, affinity for drama, share of horror.
KINDS = np.array(
    [
        [4.5, 3.0, 2000.0, 0.5, 5.0],
        [2.0, 6.0, 1990.0, 0.0, 5.0],
        [3.5, 3.0, 1960.0, -0.5, 5.0],
        [3.0, 6.0, 2010.0, 0.5, 60.0],
    ]
)
NOISE = np.array([0.2, 0.3, 3.0, 0.1, 3.0])


def frame_of(values: np.ndarray, generator: np.random.Generator) -> pd.DataFrame:
    """Users with the five values, and noise in all other features."""
    users = pd.DataFrame(
        generator.normal(scale=0.05, size=(len(values), len(FEATURES))), columns=list(FEATURES)
    )
    users["mean_rating"], users["mean_release_year"] = values[:, 0], values[:, 2]
    users["rating_count"] = np.exp(values[:, 1]).round()
    users["std_rating"] = 1 - 0.1 * values[:, 0] + generator.normal(scale=0.05, size=len(values))
    users["span_days"] = np.exp(8 - values[:, 1])
    users["ratings_per_active_day"] = np.exp(values[:, 1] / 2)
    users["half_star_pct"] = 10 * values[:, 0]
    users["mean_obscurity_pct"] = 10 * values[:, 1]
    users["old_affinity"] = (2000 - values[:, 2]) / 50
    for genre in GENRES:
        users[f"{genre}_affinity"] += values[:, 3] * (
            1 if genre in ("drama", "romance", "war") else -1
        )
        users[f"{genre}_pct"] += values[:, 4] * (1 if genre in ("horror", "thriller") else -0.5)
    users.insert(0, "user_id", np.arange(1, len(users) + 1))
    return users


def planted(sizes: tuple[int, ...], seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.permutation(np.repeat(np.arange(len(sizes)), sizes))
    values = KINDS[truth] + generator.normal(size=(len(truth), KINDS.shape[1])) * NOISE
    return frame_of(values, generator), truth


def task_of(users: pd.DataFrame) -> Task:
    return Task(
        protocol=None,
        parts=NOTHING,
        marts={"features.user_features": users},
        scale=(0.5, 5.0),
        params={"samples": 4, "starts": 2, "most": 6},
        seed=0,
        report=lambda words: None,
    )


@pytest.fixture(scope="module")
def users() -> pd.DataFrame:
    return planted((120, 90, 60, 30))[0]


@pytest.fixture(scope="module")
def model(users: pd.DataFrame) -> UserSegments:
    return UserSegments(samples=5, starts=3).fit(users)


class TestPlantedSegments:
    def test_they_are_found_in_their_number_the_largest_first(self, model: UserSegments) -> None:
        users, truth = planted((120, 90, 60, 30))
        labels = model.predict(users)

        assert len(model.centres_) == 4
        np.testing.assert_array_equal(labels, truth)
        assert np.bincount(labels).tolist() == [120, 90, 60, 30]

    def test_their_number_is_the_best_by_both_measures(self, model: UserSegments) -> None:
        assert [trial.segments for trial in model.trials_] == list(range(3, 13))
        assert max(model.trials_, key=lambda trial: trial.silhouette).segments == 4
        chosen = next(trial for trial in model.trials_ if trial.segments == 4)
        assert chosen.stability == pytest.approx(1)
        assert chosen.smallest_pct == pytest.approx(10)

    def test_others_of_their_kind_are_recognised(self, model: UserSegments) -> None:
        others, truth = planted((20, 20, 20, 20), seed=1)

        np.testing.assert_array_equal(model.predict(others), truth)

    def test_a_few_outliers_are_no_segment(self) -> None:
        users, _ = planted((120, 90, 60, 30))
        users.loc[:2, ["rating_count", "span_days", "ratings_per_active_day"]] = 1e9
        users.loc[3:4, "horror_pct"] = 1e6
        model = UserSegments(samples=3, starts=2).fit(users)

        assert np.bincount(model.predict(users)).min() >= 25


class TestMeasures:
    def test_silhouettes_are_those_of_a_naive_loop(self) -> None:
        users, _ = planted((16, 12, 12))
        model = UserSegments(fewest=3, most=3, samples=2).fit(users)
        points = model._points(users[list(FEATURES)].to_numpy())
        points_logged = coordinates_by_hand(model, users)
        labels = model.predict(users)
        values = []
        for place, point in enumerate(points_logged):
            distances = np.sqrt(((points_logged - point) ** 2).sum(axis=1))
            means = {
                label: [
                    distances[other]
                    for other in range(len(points))
                    if labels[other] == label and other != place
                ]
                for label in range(3)
            }
            inside = np.mean(means.pop(labels[place]))
            nearest = min(np.mean(distances) for distances in means.values())
            values.append((nearest - inside) / max(nearest, inside))

        assert model.trials_[0].silhouette == pytest.approx(np.mean(values))

    @settings(max_examples=30, deadline=None)
    @given(
        st.integers(2, 4).flatmap(
            lambda count: st.lists(
                st.lists(st.integers(0, 2), min_size=7, max_size=7), min_size=count, max_size=count
            )
        )
    )
    def test_stability_counts_pairs_of_users(self, clusterings: list[list[int]]) -> None:
        """The adjusted Rand index by its definition, over all pairs of users."""
        expected = np.mean(
            [rand_by_hand(one, other) for one, other in itertools.combinations(clusterings, 2)]
        )

        assert stability([np.array(labels) for labels in clusterings]) == pytest.approx(
            expected, abs=1e-12
        )

    def test_axes_are_those_in_which_rows_vary_most(self) -> None:
        rows = np.random.default_rng(0).normal(size=(40, 5)) @ np.diag([1, 5, 2, 4, 3])
        axes = principal_axes(rows, 3)
        variances = ((rows - rows.mean(axis=0)) @ axes).var(axis=0)

        np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(variances, np.linalg.svd(rows - rows.mean(0))[1][:3] ** 2 / 40)
        assert (axes[np.abs(axes).argmax(axis=0), range(3)] > 0).all()

    def test_each_group_of_features_weighs_the_same(self) -> None:
        ends = np.cumsum([len(group) for group in GROUPS])

        np.testing.assert_allclose(
            [(part**2).sum() for part in np.split(WEIGHTS, ends[:-1])], np.ones(len(GROUPS))
        )


def coordinates_by_hand(model: UserSegments, users: pd.DataFrame) -> np.ndarray:
    values = users[list(FEATURES)].copy()
    for name in ("rating_count", "span_days", "ratings_per_active_day"):
        values[name] = np.log1p(values[name])
    standard = ((values - values.mean()) / values.std()).clip(-3, 3).to_numpy()
    return standard * WEIGHTS @ model.axes_


def rand_by_hand(one: list[int], other: list[int]) -> float:
    pairs = list(itertools.combinations(range(len(one)), 2))
    same_one = sum(one[a] == one[b] for a, b in pairs)
    same_other = sum(other[a] == other[b] for a, b in pairs)
    same_both = sum(one[a] == one[b] and other[a] == other[b] for a, b in pairs)
    expected = same_one * same_other / len(pairs)
    most = (same_one + same_other) / 2
    return 1.0 if most == expected else (same_both - expected) / (most - expected)


class TestChoice:
    def test_the_sum_of_ranks_decides(self) -> None:
        trials = [Trial(3, 0.3, 0.5, 20), Trial(4, 0.2, 0.9, 20), Trial(5, 0.1, 0.8, 20)]

        # Ranks by silhouette 0, 1, 2 and by stability 2, 0, 1.
        assert best(trials, 3) == 4

    def test_of_two_that_tie_the_one_with_fewer_segments_is_taken(self) -> None:
        assert best([Trial(4, 0.2, 0.9, 20), Trial(3, 0.3, 0.5, 20)], 3) == 3

    def test_a_number_with_a_tiny_segment_is_out(self) -> None:
        assert best([Trial(3, 0.1, 0.5, 20), Trial(4, 0.9, 0.9, 2.9)], 3) == 3

    def test_unless_all_are(self) -> None:
        assert best([Trial(3, 0.1, 0.5, 1), Trial(4, 0.9, 0.9, 2.9)], 3) == 4


class TestUsers:
    def test_one_of_whom_nothing_is_known_is_in_a_segment_and_in_the_middle(
        self, model: UserSegments
    ) -> None:
        nobody = np.full((1, len(FEATURES)), np.nan)

        assert 0 <= model.predict(nobody)[0] < len(model.centres_)
        assert model.coordinates(nobody).tolist() == [[0, 0]]

    def test_what_is_unknown_counts_as_the_mean(self, users: pd.DataFrame) -> None:
        users = users.assign(rating_count=np.exp(np.arange(len(users)) / 100) - 1)
        model = UserSegments(samples=2, starts=1, most=4).fit(users)
        mean = np.exp(np.arange(len(users)).mean() / 100) - 1
        known = users.assign(rating_count=mean)
        unknown = users.assign(rating_count=np.nan)

        np.testing.assert_array_equal(model.coordinates(unknown), model.coordinates(known))
        np.testing.assert_array_equal(model.predict(unknown), model.predict(known))

    def test_a_feature_nobody_has_is_left_aside(self, users: pd.DataFrame) -> None:
        """Ratings without times: no spans, and no ratings a day."""
        timeless = users.assign(span_days=np.nan, ratings_per_active_day=np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = UserSegments(samples=2, starts=1, most=4).fit(timeless)

        assert np.isfinite(model.coordinates(timeless)).all()
        assert len(model.centres_) >= 3

    def test_frames_and_arrays_are_the_same(self, model: UserSegments, users: pd.DataFrame) -> None:
        array = users[list(FEATURES)].to_numpy()
        shuffled = users[users.columns[::-1]]

        np.testing.assert_array_equal(model.predict(array), model.predict(shuffled))
        np.testing.assert_array_equal(model.coordinates(array), model.coordinates(shuffled))

    def test_one_alone_is_told_the_same(self, model: UserSegments, users: pd.DataFrame) -> None:
        together = model.coordinates(users)

        for place in range(0, len(users), 50):
            alone = users.iloc[[place]]
            np.testing.assert_array_equal(model.coordinates(alone)[0], together[place])
            assert model.predict(alone)[0] == model.predict(users)[place]

    def test_the_features_given_stay_as_they_are(
        self, model: UserSegments, users: pd.DataFrame
    ) -> None:
        array = users[list(FEATURES)].to_numpy(copy=True)
        before = array.copy()
        model.predict(array)

        np.testing.assert_array_equal(array, before)


class TestFewUsers:
    @pytest.mark.parametrize(("count", "most"), [(30, 3), (45, 4), (79, 7), (500, 12)])
    def test_there_are_ten_to_a_segment(self, count: int, most: int) -> None:
        users = frame_of(
            np.random.default_rng(0).normal(3, 1, size=(count, 5)), np.random.default_rng(1)
        )
        model = UserSegments(samples=2, starts=1).fit(users)

        assert [trial.segments for trial in model.trials_] == list(range(3, most + 1))

    @pytest.mark.parametrize("count", [1, 2, 29])
    def test_too_few_are_one_segment(self, count: int) -> None:
        outcome = train(task_of(planted((60, 60, 60))[0][:count]))

        assert outcome.results["user_segments"]["segment"].tolist() == [0] * count
        assert np.isfinite(outcome.results["user_segments"][["x", "y"]]).all(axis=None)
        assert outcome.results["metrics"].empty
        assert outcome.note.endswith("in 1 segment")

    def test_many_who_do_the_same_are_one_segment(self) -> None:
        users, _ = planted((1,))
        same = pd.concat([users] * 200, ignore_index=True)
        model = UserSegments().fit(same)

        assert len(model.centres_) == 1
        assert set(model.predict(same)) == {0}

    def test_nobody_at_all_is_an_error(self) -> None:
        with pytest.raises(UserError, match="load ratings"):
            train(task_of(planted((60, 60, 60))[0][:0]))


class TestTraining:
    def test_each_user_has_a_row_and_each_number_its_metrics(self, users: pd.DataFrame) -> None:
        outcome = train(task_of(users.sample(frac=1, random_state=0)))
        rows, metrics = outcome.results["user_segments"], outcome.results["metrics"]

        assert list(rows) == ["user_id", "segment", "x", "y"]
        assert rows["user_id"].tolist() == users["user_id"].tolist()
        assert set(metrics["metric"]) == {"silhouette", "stability", "smallest_pct"}
        assert metrics["setting"].unique().tolist() == [f"segments={k}" for k in range(3, 7)]

    def test_the_order_of_users_does_not_matter(self, users: pd.DataFrame) -> None:
        one = train(task_of(users)).results
        other = train(task_of(users[::-1])).results

        for table in one:
            pd.testing.assert_frame_equal(one[table], other[table], check_exact=True)

    def test_a_choice_from_many_is_made_on_a_sample(
        self, users: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models_ml.segments.user_segments.MAX_USERS", 80)
        model = UserSegments(samples=2, starts=2).fit(users)

        assert [trial.segments for trial in model.trials_] == list(range(3, 9))
        assert len(np.unique(model.predict(users))) == len(model.centres_)
