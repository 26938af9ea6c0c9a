"""Features by held-out fold, from dbt's compiled SQL on generated ratings, and that none leaks."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.dbt_project.folds import FOLDS, Marts, fold_features, random_dataset, training_rows
from tests.pipeline import ROOT, Pipeline

PROTOCOLS = ("random", "temporal", "last", "serving")
STEPS = ("intermediate.int_fold_ratings", "intermediate.int_fold_movie_sums")
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
    return frame.assign(
        **{
            name: nullable[name].astype("Float64").to_numpy(float, na_value=np.nan)
            for name in nullable
        }
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The models as views over tables that hold a dataset."""
    folder = tmp_path_factory.mktemp("compiled")
    names = [relation.partition(".")[2] for relation in (*STEPS, *MARTS)]
    subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt")), "--quiet", "compile"),
            *("--project-dir", "dbt_project", "--profiles-dir", ".", "--select", *names),
        ],
        cwd=ROOT,
        env=Pipeline(folder).environment | {"REELHOUSE_CANDIDATE": str(folder / "empty.duckdb")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    compiled = {
        path.stem: path.read_text() for path in (folder / "target" / "compiled").rglob("*.sql")
    }

    def run(data: Marts) -> Marts:
        with duckdb.connect(config={"threads": 2}) as connection:
            for schema in ("core", "features", "intermediate"):
                connection.execute(f"create schema {schema}")
            for table, frame in data.items():
                connection.register("frame", frame)
                connection.execute(f"create table {table} as from frame")
            for relation in (*STEPS, *MARTS):
                query = compiled[relation.partition(".")[2]]
                connection.execute(f"create table {relation} as {query}")
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
    row = data["features.rating_splits"].loc[position]
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
