"""The metrics of lists: the SQL against loops, on many small cases, edge cases and the sample."""

from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from tests.dbt_project.judging import (
    REPLICATES,
    Case,
    Judging,
    Key,
    Rated,
    assert_metrics,
    naive_list_metrics,
    naive_most_rated,
    naive_relevant,
    naive_weights,
)
from tests.pipeline import Pipeline

LIST_METRICS = {
    *("ndcg@10", "recall@20", "mrr", "hit_rate@10", "coverage@20", "gini@20"),
    *("novelty@20", "intra_list_diversity@20", "popularity_bias@20"),
}


def judge(judging: Judging, case: Case) -> dict[int, dict[Key, tuple[float, int]]]:
    """The metrics of lists in each replicate."""
    return judging.judge(case, LIST_METRICS)


def values(judging: Judging, case: Case, model: str = "lists") -> dict[str, float]:
    """A model's metrics on all users."""
    return {
        metric: value
        for (_, name, of, metric), (value, _) in judge(judging, case).get(0, {}).items()
        if name == "all" and of == model
    }


users = st.integers(1, 5)
movies = st.integers(1, 9)
stars = st.integers(1, 10).map(lambda halves: halves / 2)
splits = st.sampled_from(["train", "train", "validation", "test", "test"])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Few users and movies, so that ties, empty lists and unknown movies are common."""
    rated = draw(
        st.dictionaries(
            st.tuples(users, movies),
            st.tuples(stars, splits),
            min_size=draw(st.sampled_from([0, 12])),
            max_size=35,
        )
    )
    some_lists = st.lists(movies, unique=True, max_size=9)
    return Case(
        ratings=[Rated(*key, *row) for key, row in rated.items()],
        lists={
            model: draw(st.dictionaries(users, some_lists, max_size=5)) for model in ("one", "two")
        },
        genres=draw(st.dictionaries(movies, st.sets(st.sampled_from("ABC"), min_size=1))),
        segments=draw(st.dictionaries(users, st.integers(0, 1))),
    )


def without_empty_lists(case: Case) -> Case:
    """A table cannot hold an empty list: the user has none."""
    lists = {
        model: {user: shown for user, shown in lists.items() if shown}
        for model, lists in case.lists.items()
    }
    return Case(case.ratings, case.predictions, lists, case.genres, case.segments, case.protocol)


class TestListMetrics:
    @settings(max_examples=10, deadline=None)
    @given(case=cases().map(without_empty_lists))
    def test_equal_naive_loops_in_every_replicate(self, judging: Judging, case: Case) -> None:
        found = judge(judging, case)
        for replicate in range(REPLICATES + 1):
            expected = naive_list_metrics(case, naive_weights(case, replicate))
            assert_metrics(found.get(replicate, {}), expected)

    @pytest.mark.parametrize("seed", range(3))
    def test_equal_naive_loops_where_lists_are_cut_off_at_20(
        self, judging: Judging, seed: int
    ) -> None:
        case = larger_case(Random(seed))
        assert_metrics(judge(judging, case)[0], naive_list_metrics(case, naive_weights(case, 0)))

    @pytest.mark.parametrize("seed", range(5))
    def test_ndcg_is_that_of_scikit_learn(self, judging: Judging, seed: int) -> None:
        """It wants a score for every movie: those of the list by rank, all others 0."""
        case = larger_case(Random(seed))
        relevant = naive_relevant(case)
        catalogue = range(1, 61)
        truth = [[movie in liked for movie in catalogue] for liked in relevant.values()]
        shown = {
            user: {
                movie: 26 - rank for rank, movie in enumerate(case.lists["lists"][user], start=1)
            }
            for user in relevant
        }
        scores = [[shown[user].get(movie, 0) for movie in catalogue] for user in relevant]
        expected = ndcg_score(np.array(truth, dtype=float), np.array(scores, dtype=float), k=10)
        assert values(judging, case)["ndcg@10"] == pytest.approx(expected, rel=1e-9)

    @settings(max_examples=4, deadline=None)
    @given(case=cases().map(without_empty_lists), random=st.randoms(use_true_random=False))
    def test_are_independent_of_row_order(
        self, judging: Judging, case: Case, random: Random
    ) -> None:
        ratings = list(case.ratings)
        random.shuffle(ratings)
        shuffled = Case(ratings, {}, case.lists, case.genres, case.segments)
        expected = judge(judging, case)
        found = judge(judging, shuffled)
        assert found.keys() == expected.keys()
        for replicate, metrics in expected.items():
            assert_metrics(found[replicate], metrics)


def larger_case(random: Random) -> Case:
    """Thirty users who like much, sixty movies, lists of 25."""
    everything = [(user, movie) for user in range(1, 31) for movie in range(1, 61)]
    ratings = [
        Rated(user, movie, random.choice([3, 4, 5]), random.choice(["train", "test"]))
        for user, movie in random.sample(everything, 1200)
    ]
    return Case(
        ratings=ratings,
        lists={"lists": {user: random.sample(range(1, 61), 25) for user in range(1, 31)}},
        genres={movie: set(random.sample("ABCDE", 2)) for movie in range(1, 61)},
    )


# User 1 has rated movies 1 to 3 and liked 4 and 5 after; others have rated those before.
HISTORY = [
    *(Rated(1, movie, 3, "train") for movie in (1, 2, 3)),
    *(Rated(2, movie, 3, "train") for movie in (4, 5, 6)),
]
LIKED = [Rated(1, 4, 4, "test"), Rated(1, 5, 5, "test")]


class TestEdges:
    def test_a_list_that_begins_with_all_that_is_relevant_is_perfect(
        self, judging: Judging
    ) -> None:
        found = values(judging, Case([*HISTORY, *LIKED], lists={"lists": {1: [5, 4, 6]}}))
        assert [found[name] for name in ("ndcg@10", "recall@20", "mrr", "hit_rate@10")] == [1] * 4

    def test_a_short_list_is_measured_as_it_is(self, judging: Judging) -> None:
        found = values(judging, Case([*HISTORY, *LIKED], lists={"lists": {1: [4]}}))
        assert found["recall@20"] == 0.5
        assert found["mrr"] == 1
        assert "intra_list_diversity@20" not in found

    def test_without_a_relevant_movie_nobody_is_judged(self, judging: Judging) -> None:
        disliked = [Rated(1, 4, 3.5, "test"), Rated(1, 7, 5, "test")]
        assert judge(judging, Case([*HISTORY, *disliked], lists={"lists": {1: [4, 7]}}))[0] == {}

    def test_a_user_without_a_list_counts_with_0(self, judging: Judging) -> None:
        ratings = [*HISTORY, *LIKED, Rated(2, 1, 5, "test")]
        case = Case(ratings, lists={"lists": {1: [4, 5]}})
        metrics = judge(judging, case)[0]
        assert metrics["last", "all", "lists", "ndcg@10"] == (0.5, 2)
        assert metrics["last", "all", "lists", "recall@20"] == (0.5, 2)
        assert metrics["last", "all", "lists", "coverage@20"] == (2 / 6, 2)

    def test_a_model_without_any_list_of_the_protocol_is_not_judged(self, judging: Judging) -> None:
        assert values(judging, Case([*HISTORY, *LIKED], lists={"lists": {}})) == {}

    def test_of_one_user_the_interval_has_no_width(self, judging: Judging) -> None:
        judging.give(Case([*HISTORY, *LIKED], lists={"lists": {1: [6, 4]}}))
        rows = judging.rows(
            "select count(*), count(*) filter (ci_low = value and ci_high = value)"
            " from predictions.model_leaderboard where model = 'lists'"
        )
        ((count, without_width),) = rows
        assert count == without_width > 0

    def test_of_a_single_movie(self, judging: Judging) -> None:
        ratings = [Rated(2, 1, 3, "train"), Rated(1, 1, 4, "test")]
        found = values(judging, Case(ratings, lists={"lists": {1: [1]}}))
        assert found == {
            **dict.fromkeys(("ndcg@10", "recall@20", "mrr", "hit_rate@10", "coverage@20"), 1),
            **dict.fromkeys(("gini@20", "novelty@20"), 0),
        }

    def test_everybody_shown_the_same_one_is_as_unequal_as_can_be(self, judging: Judging) -> None:
        ratings = [*HISTORY, *LIKED, Rated(2, 1, 5, "test")]
        found = values(judging, Case(ratings, lists={"lists": {1: [6], 2: [6]}}))
        assert found["gini@20"] == pytest.approx(1 - 1 / 6)

    def test_everything_shown_equally_often_is_equal(self, judging: Judging) -> None:
        found = values(judging, Case([*HISTORY, *LIKED], lists={"lists": {1: [6, 5, 4, 3, 2, 1]}}))
        assert found["gini@20"] == pytest.approx(0, abs=1e-12)
        assert found["coverage@20"] == 1

    def test_a_slice_of_movies_keeps_ranks_and_restricts_what_is_relevant(
        self, judging: Judging
    ) -> None:
        case = Case([*HISTORY, *LIKED], lists={"lists": {1: [6, 4, 5]}}, genres={5: {"War"}})
        metrics = judge(judging, case)[0]
        assert metrics["last", "genre: War", "lists", "mrr"] == pytest.approx((1 / 3, 1))
        assert metrics["last", "genre: War", "lists", "recall@20"] == (1, 1)

    def test_more_genres_than_fit_in_a_number_are_no_error(self, judging: Judging) -> None:
        genres = {movie: {f"genre {movie * 20 + n}" for n in range(20)} for movie in range(1, 7)}
        found = values(
            judging, Case([*HISTORY, *LIKED], lists={"lists": {1: [4, 5]}}, genres=genres)
        )
        assert found["intra_list_diversity@20"] == 1


class TestMostRated:
    @pytest.mark.parametrize("seed", range(10))
    def test_is_what_a_loop_over_all_movies_gives(self, judging: Judging, seed: int) -> None:
        random = Random(seed)
        everything = [(user, movie) for user in range(1, 13) for movie in range(1, 61)]
        count = random.randint(0, len(everything))
        case = Case(
            [
                Rated(*key, 3, random.choice(["train", "train", "validation", "test"]))
                for key in random.sample(everything, count)
            ]
        )
        judging.give(case)
        found: dict[int, list[int]] = {}
        for user, rank, movie in judging.rows(
            "select user_id, rank, movie_id from intermediate.int_most_rated_lists"
            " order by user_id, rank"
        ):
            found.setdefault(user, []).append(movie)
            assert len(found[user]) == rank
        assert found == {user: shown for user, shown in naive_most_rated(case).items() if shown}


@pytest.fixture(scope="module")
def sample_lists(sample: Pipeline) -> pd.DataFrame:
    """The lists of the sample's trained models in the last protocol."""
    with sample.connect() as connection:
        return connection.execute(
            "select model, user_id, rank, movie_id"
            " from ml.recommendations inner join ml.runs using (run_id)"
            " where protocol = 'last'"
        ).df()


@pytest.fixture(scope="module")
def sample_ratings(sample: Pipeline) -> pd.DataFrame:
    with sample.connect() as connection:
        return connection.execute(
            "select user_id, movie_id, rating, last_split as split from features.rating_splits"
        ).df()


class TestSample:
    def test_the_leaderboard_is_what_loops_over_the_lists_give(
        self, sample: Pipeline, sample_lists: pd.DataFrame, sample_ratings: pd.DataFrame
    ) -> None:
        known = sample_ratings[sample_ratings["split"] != "test"]
        liked = sample_ratings[
            (sample_ratings["split"] == "test")
            & (sample_ratings["rating"] >= 4)
            & sample_ratings["movie_id"].isin(known["movie_id"])
        ]
        relevant = liked.groupby("user_id")["movie_id"].agg(set).to_dict()
        catalogue = set(known["movie_id"])
        for model, rows in sample_lists.groupby("model"):
            lists = rows.sort_values("rank").groupby("user_id")["movie_id"].agg(list).to_dict()
            gains, recalls, shown = [], [], set()
            for user, movies in relevant.items():
                hits = [movie in movies for movie in lists.get(user, [])]
                discounts = 1 / np.log2(np.arange(2, 12))
                gain = sum(discounts[position] for position, hit in enumerate(hits[:10]) if hit)
                gains.append(gain / discounts[: len(movies)].sum())
                recalls.append(sum(hits) / min(20, len(movies)))
                shown |= set(lists.get(user, [])) & catalogue
            expected = {
                "ndcg@10": np.mean(gains),
                "recall@20": np.mean(recalls),
                "coverage@20": len(shown) / len(catalogue),
            }
            for metric, value in expected.items():
                found = sample.rows(
                    "select value, row_count from predictions.model_leaderboard"
                    f" where model = '{model}' and metric = '{metric}'"
                    " and protocol = 'last' and slice = 'all'"
                )
                assert found == [(pytest.approx(value, rel=1e-9), len(relevant))], (model, metric)

    def test_no_list_holds_a_movie_that_the_user_rated_before(
        self, sample_lists: pd.DataFrame, sample_ratings: pd.DataFrame
    ) -> None:
        known = sample_ratings[sample_ratings["split"] != "test"]
        assert sample_lists.merge(known, on=["user_id", "movie_id"]).empty

    def test_most_rated_is_judged_in_every_protocol(self, sample: Pipeline) -> None:
        assert sample.rows(
            "select protocol from predictions.model_leaderboard"
            " where model = 'most_rated' and metric = 'ndcg@10' and slice = 'all' and value > 0"
            " order by protocol"
        ) == [("last",), ("random",), ("temporal",)]
