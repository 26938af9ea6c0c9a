"""``predictions.segment_profiles`` and ``segment_map`` against pandas, and what makes names."""

import numpy as np
import pandas as pd
import pytest

from tests.pipeline import Pipeline

CELLS = 60
SKEWED = ["rating_count", "span_days", "ratings_per_active_day"]


def table(sample: Pipeline, query: str) -> pd.DataFrame:
    with sample.connect() as connection:
        return connection.sql(query).df()


@pytest.fixture(scope="module")
def users(sample: Pipeline) -> pd.DataFrame:
    """The features of all users with their segment."""
    return table(
        sample,
        "select features.*, segment from features.user_features as features"
        " inner join ml.user_segments using (user_id) order by user_id",
    )


@pytest.fixture(scope="module")
def profiles(sample: Pipeline) -> pd.DataFrame:
    return table(sample, "from predictions.segment_profiles order by segment")


@pytest.fixture(scope="module")
def traits(sample: Pipeline) -> pd.DataFrame:
    long = table(sample, "from features.user_traits order by user_id, trait")
    return long.pivot(index="user_id", columns="trait", values="standard_value")


@pytest.fixture(scope="module")
def standard(users: pd.DataFrame, traits: pd.DataFrame) -> pd.DataFrame:
    """What the traits should be: standardised with n - 1, then clipped."""
    values = users[list(traits.columns)].astype(float)
    values[SKEWED] = np.log1p(values[SKEWED])
    values.index = pd.Index(users["user_id"])
    return ((values - values.mean()) / values.std()).clip(-3, 3).fillna(0)


def test_every_user_is_in_a_segment(sample: Pipeline, profiles: pd.DataFrame) -> None:
    (counts,) = sample.rows(
        "select count(*), count(distinct user_id), (select count(*) from core.dim_users)"
        " from ml.user_segments"
    )

    assert len(set(counts)) == 1
    assert profiles["user_count"].sum() == counts[0]
    assert profiles["user_pct"].sum() == pytest.approx(100)


def test_sizes_and_means_are_those_of_pandas(users: pd.DataFrame, profiles: pd.DataFrame) -> None:
    grouped = users.groupby("segment")
    expected = pd.DataFrame(
        {
            "user_count": grouped.size(),
            "mean_rating": grouped["mean_rating"].mean(),
            "mean_std_rating": grouped["std_rating"].mean(),
            "mean_half_star_pct": grouped["half_star_pct"].mean(),
            "mean_rating_count": grouped["rating_count"].mean(),
            "mean_span_days": grouped["span_days"].mean(),
            "mean_ratings_per_active_day": grouped["ratings_per_active_day"].mean(),
            "mean_release_year": grouped["mean_release_year"].mean(),
            "mean_old_affinity": grouped["old_affinity"].mean(),
            "mean_obscurity_pct": grouped["mean_obscurity_pct"].mean(),
        }
    ).reset_index()

    pd.testing.assert_frame_equal(
        profiles[list(expected)], expected, check_dtype=False, rtol=1e-9, atol=1e-9
    )
    assert profiles["user_count"].is_monotonic_decreasing


def test_traits_are_the_standardised_features(
    users: pd.DataFrame, traits: pd.DataFrame, standard: pd.DataFrame
) -> None:
    not_traits = {"user_id", "segment", "user_bias", "active_days"}

    assert set(traits.columns) == set(users.columns) - not_traits
    np.testing.assert_allclose(traits, standard, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def words(sample: Pipeline) -> dict[tuple[str, bool], str]:
    """The word for users above and below the mean, by trait and whether it is for those above."""
    rows = sample.rows(
        "select distinct trait, deviation > 0, word from intermediate.int_segment_traits"
        " where word is not null"
    )
    assert len({(trait, is_high) for trait, is_high, _ in rows}) == len(rows)
    return {(trait, is_high): word for trait, is_high, word in rows}


def test_the_three_traits_are_those_that_deviate_most(
    words: dict[tuple[str, bool], str],
    users: pd.DataFrame,
    profiles: pd.DataFrame,
    standard: pd.DataFrame,
) -> None:
    for _, profile in profiles.iterrows():
        members = users.loc[users["segment"] == profile["segment"], "user_id"]
        deviations = standard.loc[members].mean()
        first = deviations.abs().sort_values(ascending=False).index[:3]
        expected = [words[trait, bool(deviations[trait] > 0)] for trait in first]

        assert profile[["trait_1", "trait_2", "trait_3"]].tolist() == expected
        assert profile["name"].startswith(", ".join(expected))


def test_names_and_words_are_distinct(
    words: dict[tuple[str, bool], str], profiles: pd.DataFrame
) -> None:
    assert profiles["name"].is_unique
    assert len(set(words.values())) == len(words)


def test_both_measures_of_each_number_of_segments_are_kept(sample: Pipeline) -> None:
    metrics = table(sample, "from ml.metrics where run_id like '%-user_segments-%'")
    measured = metrics.pivot(index="setting", columns="metric", values="value")

    assert set(measured.index) == {f"segments={segments}" for segments in range(3, 13)}
    assert measured[["silhouette", "stability"]].le(1).all(axis=None)
    chosen = len(table(sample, "select distinct segment from ml.user_segments"))
    assert measured["smallest_pct"][f"segments={chosen}"] >= 3


def test_the_map_is_numpys_histogram(sample: Pipeline, profiles: pd.DataFrame) -> None:
    cells = table(sample, "from predictions.segment_map order by segment, x_lower, y_lower")
    users = table(sample, "from ml.user_segments")
    names = profiles.set_index("segment")["name"]
    _, x_edges, y_edges = np.histogram2d(users["x"], users["y"], bins=CELLS)

    assert set(cells["segment"]) == set(users["segment"])
    for segment, shown in cells.groupby("segment"):
        members = users[users["segment"] == segment]
        counts, *_ = np.histogram2d(members["x"], members["y"], [x_edges, y_edges])
        columns, rows = counts.nonzero()

        assert shown["user_count"].tolist() == counts[columns, rows].tolist()
        for axis, edges, places in (("x", x_edges, columns), ("y", y_edges, rows)):
            np.testing.assert_allclose(shown[f"{axis}_lower"], edges[places], atol=1e-9)
            np.testing.assert_allclose(shown[f"{axis}_upper"], edges[places + 1], atol=1e-9)
        assert set(shown["name"]) == {names[segment]}
