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
    Trial,
    UserSegments,
    choose_segment_count,
    stability,
    train,
    weighted_traits,
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
GROUPS = {"ratings": 3, "activity": 3, "movies": 3, "affinities": 19, "shares": 19}


def traits_of(values: np.ndarray, generator: np.random.Generator) -> pd.DataFrame:
    """Rows of ``features.user_traits``: each group shows one of the five values, with noise."""
    columns = {
        f"{group} {number}": (values[:, column] - KINDS[:, column].mean())
        / KINDS[:, column].std()
        * (-1) ** number
        + generator.normal(scale=0.1, size=len(values))
        for column, (group, count) in enumerate(GROUPS.items())
        for number in range(count)
    }
    rows = pd.DataFrame({"user_id": np.arange(1, len(values) + 1), **columns}).melt(
        "user_id", var_name="trait", value_name="standard_value"
    )
    rows["standard_value"] = rows["standard_value"].clip(-3, 3)
    return rows.assign(trait_group=rows["trait"].str.split(" ").str[0])


def planted_traits(sizes: tuple[int, ...], seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.permutation(np.repeat(np.arange(len(sizes)), sizes))
    values = KINDS[truth] + generator.normal(size=(len(truth), KINDS.shape[1])) * NOISE
    return traits_of(values, generator), truth


def planted(sizes: tuple[int, ...], seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    traits, truth = planted_traits(sizes, seed)
    return weighted_traits(traits), truth


def task_of(traits: pd.DataFrame) -> Task:
    return Task(
        protocol="serving",
        parts=NOTHING,
        marts={"features.user_traits": traits},
        scale=(0.5, 5.0),
        params={"n_resamples": 4, "n_init": 2, "max_clusters": 6},
        seed=0,
        report=lambda words: None,
    )


def first_users(traits: pd.DataFrame, count: int) -> pd.DataFrame:
    return traits[traits["user_id"] <= count]


@pytest.fixture(scope="module")
def traits() -> pd.DataFrame:
    return planted_traits((120, 90, 60, 30))[0]


@pytest.fixture(scope="module")
def users(traits: pd.DataFrame) -> pd.DataFrame:
    return weighted_traits(traits)


@pytest.fixture(scope="module")
def model(users: pd.DataFrame) -> UserSegments:
    return UserSegments(n_resamples=5, n_init=3).fit(users)


class TestPlantedSegments:
    def test_they_are_found_in_their_number_the_largest_first(self, model: UserSegments) -> None:
        users, truth = planted((120, 90, 60, 30))
        labels = model.predict(users)

        assert len(model.cluster_centers_) == 4
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
        traits, _ = planted_traits((120, 90, 60, 30))
        is_out = (traits["user_id"] <= 3) & (traits["trait_group"] == "activity")
        is_out |= (traits["user_id"] <= 5) & (traits["trait"] == "shares 0")
        traits.loc[is_out, "standard_value"] = 3.0
        users = weighted_traits(traits)
        model = UserSegments(n_resamples=3, n_init=2).fit(users)

        assert np.bincount(model.predict(users)).min() >= 25


class TestMeasures:
    def test_silhouettes_are_those_of_a_naive_loop(self) -> None:
        users, _ = planted((16, 12, 12))
        model = UserSegments(min_clusters=3, max_clusters=3, n_resamples=2).fit(users)
        points = users.to_numpy() @ model.components_.T
        labels = model.predict(users)
        values = []
        for user, point in enumerate(points):
            distances = np.sqrt(((points - point) ** 2).sum(axis=1))
            means = {
                label: [
                    distances[other]
                    for other in range(len(points))
                    if labels[other] == label and other != user
                ]
                for label in range(3)
            }
            inside = np.mean(means.pop(labels[user]))
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
        axes = UserSegments(n_components=3, n_resamples=2).fit(rows).components_.T
        variances = ((rows - rows.mean(axis=0)) @ axes).var(axis=0)

        np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(variances, np.linalg.svd(rows - rows.mean(0))[1][:3] ** 2 / 40)
        assert (axes[np.abs(axes).argmax(axis=0), range(3)] > 0).all()

    def test_each_group_of_traits_weighs_the_same(self) -> None:
        rows = [(1, f"{group} {n}", group, 1.0) for group in GROUPS for n in range(GROUPS[group])]
        columns = ["user_id", "trait", "trait_group", "standard_value"]
        weights = weighted_traits(pd.DataFrame(rows, columns=columns)).loc[1]
        sums = (weights**2).groupby(weights.index.str.split(" ").str[0]).sum()

        assert sums.to_dict() == pytest.approx(dict.fromkeys(GROUPS, 1))

    def test_each_user_keeps_the_own_values(self) -> None:
        traits, _ = planted_traits((8, 8))
        table = weighted_traits(traits.sample(frac=1, random_state=0))

        assert table.index.tolist() == list(range(1, 17))
        for user, trait, value, group in traits.itertuples(index=False):
            assert table.loc[user, trait] == pytest.approx(value / GROUPS[group] ** 0.5)


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
        assert choose_segment_count(trials, 3) == 4

    def test_of_two_that_tie_the_one_with_fewer_segments_is_taken(self) -> None:
        assert choose_segment_count([Trial(4, 0.2, 0.9, 20), Trial(3, 0.3, 0.5, 20)], 3) == 3

    def test_a_number_with_a_tiny_segment_is_out(self) -> None:
        assert choose_segment_count([Trial(3, 0.1, 0.5, 20), Trial(4, 0.9, 0.9, 2.9)], 3) == 3

    def test_unless_all_are(self) -> None:
        assert choose_segment_count([Trial(3, 0.1, 0.5, 1), Trial(4, 0.9, 0.9, 2.9)], 3) == 4


class TestUsers:
    def test_one_of_whom_nothing_is_known_is_in_a_segment_and_in_the_middle(
        self, model: UserSegments
    ) -> None:
        nobody = np.zeros((1, model.components_.shape[1]))

        assert 0 <= model.predict(nobody)[0] < len(model.cluster_centers_)
        assert model.coordinates(nobody).tolist() == [[0, 0]]

    def test_frames_and_arrays_are_the_same(self, model: UserSegments, users: pd.DataFrame) -> None:
        array = users.to_numpy()

        np.testing.assert_array_equal(model.predict(array), model.predict(users))
        np.testing.assert_array_equal(model.coordinates(array), model.coordinates(users))

    def test_one_alone_is_told_the_same(self, model: UserSegments, users: pd.DataFrame) -> None:
        together = model.coordinates(users)

        for user in range(0, len(users), 50):
            alone = users.iloc[[user]]
            np.testing.assert_array_equal(model.coordinates(alone)[0], together[user])
            assert model.predict(alone)[0] == model.predict(users)[user]

    def test_the_traits_given_stay_as_they_are(
        self, model: UserSegments, users: pd.DataFrame
    ) -> None:
        array = users.to_numpy(copy=True)
        before = array.copy()
        model.predict(array)

        np.testing.assert_array_equal(array, before)


class TestFewUsers:
    @pytest.mark.parametrize(("count", "most"), [(30, 3), (45, 4), (79, 7), (500, 12)])
    def test_there_are_ten_to_a_segment(self, count: int, most: int) -> None:
        values = np.random.default_rng(0).normal(size=(count, 5))
        users = weighted_traits(traits_of(values, np.random.default_rng(1)))
        model = UserSegments(n_resamples=2, n_init=1).fit(users)

        assert [trial.segments for trial in model.trials_] == list(range(3, most + 1))

    @pytest.mark.parametrize("count", [1, 2, 3, 29])
    def test_too_few_are_one_segment(self, count: int) -> None:
        outcome = train(task_of(first_users(planted_traits((60, 60, 60))[0], count)))

        assert outcome.results["user_segments"]["segment"].tolist() == [0] * count
        assert np.isfinite(outcome.results["user_segments"][["x", "y"]]).all(axis=None)
        assert outcome.results["metrics"].empty
        assert outcome.note.endswith("in 1 segment")

    def test_many_who_do_the_same_are_one_segment(self) -> None:
        users, _ = planted((1,))
        same = pd.concat([users] * 200, ignore_index=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = UserSegments().fit(same)

        assert len(model.cluster_centers_) == 1
        assert set(model.predict(same)) == {0}

    def test_nobody_at_all_is_an_error(self) -> None:
        with pytest.raises(UserError, match="load ratings"):
            train(task_of(first_users(planted_traits((60, 60, 60))[0], 0)))


class TestTraining:
    def test_each_user_has_a_row_and_each_number_its_metrics(self, traits: pd.DataFrame) -> None:
        outcome = train(task_of(traits.sample(frac=1, random_state=0)))
        rows, metrics = outcome.results["user_segments"], outcome.results["metrics"]

        assert list(rows) == ["user_id", "segment", "x", "y"]
        assert rows["user_id"].tolist() == traits["user_id"].unique().tolist()
        assert set(metrics["metric"]) == {"silhouette", "stability", "smallest_pct"}
        assert metrics["setting"].unique().tolist() == [f"segments={k}" for k in range(3, 7)]

    def test_the_order_of_rows_does_not_matter(self, traits: pd.DataFrame) -> None:
        one = train(task_of(traits)).results
        other = train(task_of(traits[::-1])).results

        for table in one:
            pd.testing.assert_frame_equal(one[table], other[table], check_exact=True)

    def test_a_choice_from_many_is_made_on_a_sample(
        self, users: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models_ml.segments.user_segments.MAX_USERS", 80)
        model = UserSegments(n_resamples=2, n_init=2).fit(users)

        assert [trial.segments for trial in model.trials_] == list(range(3, 9))
        assert len(np.unique(model.predict(users))) == len(model.cluster_centers_)
