"""Features of a stack, from dbt's compiled SQL on generated ratings, and that none leaks."""

from collections.abc import Callable, Iterator

import pandas as pd
import pytest

from tests.dbt_project.compiled import Compiled, fill
from tests.dbt_project.folds import FOLDS, Marts
from tests.dbt_project.stacking import is_seen, sessions_dataset, stack_marts
from tests.dbt_project.test_fold_features import GIVEN, with_floats

PROTOCOLS = ("random", "temporal", "last")
MARTS = ("stack_features", "stack_session_features")
KEYS = ["protocol", "held_out_fold", "user_id", "movie_id"]

Run = Callable[[Marts], Marts]


@pytest.fixture(scope="module")
def run(compiled: Compiled) -> Iterator[Run]:
    """The models as views over tables that hold a dataset."""
    with compiled.in_memory(*MARTS, given=GIVEN) as connection:

        def run(data: Marts) -> Marts:
            fill(connection, data)
            return {
                mart: with_floats(
                    connection.sql(f"from features.{mart}").order(", ".join(KEYS)).df()
                )
                for mart in MARTS
            }

        yield run


@pytest.fixture(scope="module")
def data() -> Marts:
    """Ratings in sessions; one user has test rows alone, and one movie is rated in test alone."""
    data = sessions_dataset(seed=2, users=9, movies=14, share=0.5)
    splits = data["features.rating_splits"]
    is_new = (splits["user_id"] == 1) | (splits["movie_id"] == 1)
    splits = splits.assign(
        random_split=splits["random_split"].mask(is_new, "test"),
        temporal_split=splits["temporal_split"].where(splits["user_id"] != 2),
    )
    return {**data, "features.rating_splits": splits}


@pytest.fixture(scope="module")
def marts(run: Run, data: Marts) -> Marts:
    return run(data)


def of(frame: pd.DataFrame, protocol: str, *held_out: int) -> pd.DataFrame:
    chosen = (frame["protocol"] == protocol) & frame["held_out_fold"].isin(held_out)
    return frame[chosen].reset_index(drop=True)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_features_equal_plain_loops_over_the_seen_ratings(
    data: Marts, marts: Marts, protocol: str
) -> None:
    splits = data["features.rating_splits"]
    of_protocol = {
        **data,
        "features.rating_splits": splits.dropna(subset=f"{protocol}_split"),
    }

    for mart, expected in stack_marts(of_protocol, protocol).items():
        found = of(marts[mart], protocol, 0, *FOLDS)
        # A row for each rating, which is either a test row or of one fold
        assert len(found) == len(splits.dropna(subset=f"{protocol}_split"))
        assert set(found) == set(expected)
        pd.testing.assert_frame_equal(
            found,
            expected[list(found)].sort_values(KEYS, ignore_index=True),
            check_dtype=False,
            rtol=1e-5,
            atol=1e-5,
        )


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("held_out", [0, *FOLDS])
def test_what_is_not_seen_has_no_part_in_the_features_of_a_fold(
    run: Run, data: Marts, marts: Marts, protocol: str, held_out: int
) -> None:
    """Neither the ratings of the fold's own rows nor those of any test row are known to it."""
    splits = data["features.rating_splits"].copy()
    unseen = ~is_seen(splits, protocol, held_out)
    assert unseen.any()
    splits.loc[unseen, "rating"] = 5.5 - splits.loc[unseen, "rating"]
    changed = run({**data, "features.rating_splits": splits})

    for mart in MARTS:
        own = (protocol, held_out)
        pd.testing.assert_frame_equal(
            of(changed[mart], *own), of(marts[mart], *own), check_exact=True
        )
        # Other folds know of them, or this test would prove nothing
        others = (protocol, *sorted({0, *FOLDS} - {held_out}))
        is_known = bool(held_out)
        assert of(changed[mart], *others).equals(of(marts[mart], *others)) != is_known


@pytest.mark.parametrize("position", range(0, 56, 8))
def test_a_rating_has_no_part_in_the_features_of_its_own_row(
    run: Run, data: Marts, marts: Marts, position: int
) -> None:
    splits = data["features.rating_splits"].copy()
    row = splits.to_dict("records")[position]
    splits.loc[position, "rating"] = 5.5 - row["rating"]
    changed = run({**data, "features.rating_splits": splits})

    for mart in MARTS:
        for protocol in PROTOCOLS:
            of_row = (marts[mart]["user_id"] == row["user_id"]) & (
                marts[mart]["movie_id"] == row["movie_id"]
            )
            own = of_row & (marts[mart]["protocol"] == protocol)
            pd.testing.assert_frame_equal(changed[mart][own], marts[mart][own], check_exact=True)


def test_without_any_rating_that_is_seen_there_is_nothing(run: Run, data: Marts) -> None:
    splits = data["features.rating_splits"].assign(temporal_split="test", last_split="test")
    marts = run({**data, "features.rating_splits": splits})

    for mart in MARTS:
        assert set(marts[mart]["protocol"]) == {"random"}
