"""Features by held-out fold, from dbt's compiled SQL on generated ratings, and that none leaks."""

from collections.abc import Callable, Iterator

import pandas as pd
import pytest

from tests.dbt_project.compiled import Compiled, fill
from tests.dbt_project.folds import FOLDS, Marts, fold_features, random_dataset, training_rows

PROTOCOLS = ("random", "temporal", "last", "serving")
# What the features read, with the columns of it that they need.
GIVEN = {
    "rating_splits": (
        "user_id bigint, movie_id bigint, rating double, rated_at timestamp, random_split varchar,"
        " temporal_split varchar, last_split varchar, serving_split varchar, fold bigint"
    ),
    "dim_movies": "movie_id bigint, release_year bigint",
    "bridge_movie_genres": "movie_id bigint, genre varchar",
}
MARTS = {
    "features.fold_means": [],
    "features.fold_movie_features": ["movie_id"],
    "features.fold_user_features": ["user_id"],
    "features.fold_user_genre_features": ["user_id", "genre"],
}
KEYS = ["protocol", "held_out_fold"]

Run = Callable[[Marts], Marts]


def with_floats(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers with nulls as floats with NaN, as plain pandas has them."""
    nullable = frame.select_dtypes("Int64")
    return frame.astype(dict.fromkeys(nullable, "Float64")).astype(dict.fromkeys(nullable, float))


@pytest.fixture(scope="module")
def run(compiled: Compiled) -> Iterator[Run]:
    """The models as views over tables that hold a dataset."""
    goals = [mart.partition(".")[2] for mart in MARTS]
    with compiled.in_memory(*goals, given=GIVEN) as connection:

        def run(data: Marts) -> Marts:
            fill(connection, data)
            return {
                mart: with_floats(connection.sql(f"from {mart}").order(", ".join(KEYS + keys)).df())
                for mart, keys in MARTS.items()
            }

        yield run


@pytest.fixture(scope="module")
def data() -> Marts:
    return random_dataset(seed=1, users=9, movies=14, share=0.5)


@pytest.fixture(scope="module")
def marts(run: Run, data: Marts) -> Marts:
    return run(data)


def of(marts: Marts, mart: str, protocol: str, held_out: int) -> pd.DataFrame:
    frame = marts[mart]
    chosen = (frame["protocol"] == protocol) & (frame["held_out_fold"] == held_out)
    return frame[chosen].reset_index(drop=True)


def with_rating(data: Marts, position: int, rating: float) -> Marts:
    splits = data["features.rating_splits"].copy()
    splits.loc[position, "rating"] = rating
    return {**data, "features.rating_splits": splits}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("held_out", [0, *FOLDS])
def test_features_equal_plain_loops_over_the_other_folds(
    data: Marts, marts: Marts, protocol: str, held_out: int
) -> None:
    for mart, expected in fold_features(data, protocol, held_out).items():
        pd.testing.assert_frame_equal(
            of(marts, mart, protocol, held_out),
            expected.sort_values(MARTS[mart] or KEYS, ignore_index=True),
            check_dtype=False,
            rtol=1e-9,
            atol=1e-9,
        )


@pytest.mark.parametrize("position", range(0, 40, 4))
def test_a_rating_has_no_part_in_the_features_of_its_own_row(
    run: Run, data: Marts, marts: Marts, position: int
) -> None:
    row = data["features.rating_splits"].to_dict("records")[position]
    changed = run(with_rating(data, position, 5.5 - row["rating"]))

    for protocol in PROTOCOLS:
        is_training = position in training_rows(data["features.rating_splits"], protocol).index
        for mart in MARTS:
            own = (mart, protocol, row["fold"])
            pd.testing.assert_frame_equal(of(changed, *own), of(marts, *own), check_exact=True)
        # In features of other rows it has a part, or these tests would prove nothing
        of_all = ("features.fold_user_features", protocol, 0)
        assert of(changed, *of_all).equals(of(marts, *of_all)) != is_training


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ratings_of_other_parts_change_no_feature(
    run: Run, data: Marts, marts: Marts, protocol: str
) -> None:
    splits = data["features.rating_splits"].copy()
    others = splits.index.difference(training_rows(splits, protocol).index)
    splits.loc[others, "rating"] = 5.5 - splits.loc[others, "rating"]
    changed = run({**data, "features.rating_splits": splits})

    for mart in MARTS:
        for held_out in (0, *FOLDS):
            key = (mart, protocol, held_out)
            pd.testing.assert_frame_equal(of(changed, *key), of(marts, *key), check_exact=True)


def test_a_protocol_without_rows_has_no_features(run: Run, data: Marts) -> None:
    splits = data["features.rating_splits"].assign(temporal_split="test", last_split="test")
    marts = run({**data, "features.rating_splits": splits})

    for mart in MARTS:
        assert set(marts[mart]["protocol"]) == {"random", "serving"}
