"""``features.user_traits``: what is unknown, far out or the same for all users."""

import numpy as np
import pandas as pd
import pytest

from tests.dbt_project.compiled import Compiled, fill

SKEWED = ["rating_count", "span_days", "ratings_per_active_day"]


@pytest.fixture(scope="module")
def features(compiled: Compiled) -> pd.DataFrame:
    """200 users with every column of ``user_features``, all drawn at random."""
    columns = compiled.model("user_features")["columns"]
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(200, len(columns))), columns=list(columns))
    return frame.assign(
        user_id=range(1, 201),
        **{name: generator.integers(0, 1000, 200) for name in [*SKEWED, "active_days"]},
    )


def traits_of(compiled: Compiled, features: pd.DataFrame) -> pd.DataFrame:
    """One row per user, one column per trait."""
    columns = ", ".join(
        f"{name} {column['data_type']}"
        for name, column in compiled.model("user_features")["columns"].items()
    )
    with compiled.in_memory("user_traits", given={"user_features": columns}) as connection:
        fill(connection, {"features.user_features": features})
        rows = connection.sql("from features.user_traits").df()
    assert not rows.duplicated(["user_id", "trait"]).any()
    return rows.pivot(index="user_id", columns="trait", values="standard_value")


def test_values_are_deviations_from_the_mean_of_all(
    compiled: Compiled, features: pd.DataFrame
) -> None:
    traits = traits_of(compiled, features)
    values = features.set_index("user_id")[list(traits)]
    values[SKEWED] = np.log1p(values[SKEWED])
    expected = ((values - values.mean()) / values.std()).clip(-3, 3)

    np.testing.assert_allclose(traits, expected, atol=1e-9)


def test_what_is_unknown_counts_as_the_mean_of_what_is_known(
    compiled: Compiled, features: pd.DataFrame
) -> None:
    known = features[features["user_id"] > 20]
    unknown = features.assign(std_rating=features["std_rating"].where(features["user_id"] > 20))
    traits = traits_of(compiled, unknown)["std_rating"]

    assert (traits.loc[:20] == 0).all()
    np.testing.assert_array_equal(traits.loc[21:], traits_of(compiled, known)["std_rating"])


@pytest.mark.parametrize("value", [None, 0.1])
def test_a_trait_that_tells_nobody_apart_is_0(
    compiled: Compiled, features: pd.DataFrame, value: float | None
) -> None:
    """Such as the days between ratings without times."""
    same = features.assign(mean_rating=value, span_days=None, ratings_per_active_day=value)

    assert (traits_of(compiled, same)[["mean_rating", *SKEWED[1:]]] == 0).all(axis=None)


def test_nobody_is_farther_out_than_three_standard_deviations(
    compiled: Compiled, features: pd.DataFrame
) -> None:
    features = features.copy()
    features.loc[0, "mean_rating"], features.loc[1, "mean_rating"] = 1e6, -1e6
    traits = traits_of(compiled, features)["mean_rating"]

    assert (traits.loc[1], traits.loc[2]) == (3, -3)


def test_traits_of_a_group_are_of_one_kind(compiled: Compiled, features: pd.DataFrame) -> None:
    columns = ", ".join(
        f"{name} {column['data_type']}"
        for name, column in compiled.model("user_features")["columns"].items()
    )
    with compiled.in_memory("user_traits", given={"user_features": columns}) as connection:
        fill(connection, {"features.user_features": features[:1]})
        groups = connection.sql(
            "select trait_group, count(*) from features.user_traits group by all"
        ).fetchall()

    assert dict(groups) == {
        **{"ratings": 3, "activity": 3, "movies": 3},
        **{"genre affinities": 19, "genre shares": 19},
    }
