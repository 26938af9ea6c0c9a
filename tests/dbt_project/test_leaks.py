"""No rating of a test row reaches a training read, and added ratings move splits at their cuts."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from models_ml.fitting.parameters import read_parameters
from models_ml.fitting.recipe import JUDGED_PROTOCOLS, Protocol, Recipe
from models_ml.fitting.runner import read_task
from models_ml.fitting.runs import Run, now, write_run
from models_ml.registry import RECIPES
from tests.dbt_project.test_splits import (  # noqa: F401 (fixtures)
    Rating,
    Splitter,
    any_datasets,
    queries,
    split,
)
from tests.pipeline import ROOT, Pipeline, write_dataset
from tests.spark import needs_spark
from warehouse.tables import create_tables

GENRES = ("Action", "Comedy", "Drama", "Drama|War", "Comedy|Romance", "(no genres listed)")
FITS = [
    pytest.param(
        recipe,
        protocol,
        id=f"{recipe.name}-{protocol}",
        marks=[needs_spark] if recipe.effort == "spark" else [],
    )
    for recipe in RECIPES
    for protocol in recipe.protocols
    if protocol in JUDGED_PROTOCOLS
]
BASES = [
    (base, protocol)
    for base in RECIPES
    for protocol in base.protocols
    if any(base.name in recipe.bases for recipe in RECIPES)
]
MARTS = sorted({mart for recipe in RECIPES for mart in recipe.marts})


@dataclass(frozen=True)
class Warehouses:
    """A small warehouse, and by protocol one that differs in the ratings of its test rows."""

    original: Path
    altered: dict[Protocol, Path]


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> Warehouses:
    folder = tmp_path_factory.mktemp("leaks")
    random = Random(0)
    everything = [(user, movie) for user in range(1, 31) for movie in range(1, 61)]
    dataset = write_dataset(
        folder / "dataset",
        [
            f"{user},{movie},{random.randint(1, 10) / 2},{1_000_000_000 + random.randrange(10**8)}"
            for user, movie in random.sample(everything, 700)
        ],
        [
            f"{movie},Movie {movie} ({1950 + movie}),{random.choice(GENRES)}"
            for movie in range(1, 61)
        ],
    )
    original = folder / "original.duckdb"
    build = build_what_training_reads(folder, dataset, original)
    altered = {protocol: folder / f"{protocol}.duckdb" for protocol in JUDGED_PROTOCOLS}
    for protocol, path in altered.items():
        shutil.copy(original, path)
        with duckdb.connect(str(path)) as connection:
            alter_test_ratings(connection, protocol)
            for statement in build:
                connection.execute(statement)
    for path in (original, *altered.values()):
        with duckdb.connect(str(path)) as connection:
            write_base_predictions(connection)
    return Warehouses(original, altered)


def build_what_training_reads(folder: Path, dataset: Path, warehouse: Path) -> list[str]:
    """Load a dataset and build the marts; returns the statements that make their tables anew."""
    environment = Pipeline(folder).environment | {"REELHOUSE_CANDIDATE": str(warehouse)}
    names = {mart.partition(".")[2] for mart in MARTS} | {"rating_splits", "dataset_summary"}
    project = ["--project-dir", "dbt_project", "--profiles-dir", "."]
    selection = [f"+{name}" for name in sorted(names)]
    dbt = str(Path(sys.executable).with_name("dbt"))
    for command in (
        [sys.executable, "-m", "ingest", "--dataset", str(dataset)],
        [dbt, "--quiet", "run", *project, "--select", *selection],
    ):
        subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
    nodes = json.loads((folder / "target" / "manifest.json").read_text())["nodes"]
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return [
        f"create or replace table {node['schema']}.{node['name']} as {result['compiled_code']}"
        for result in results
        if (node := nodes.get(result["unique_id"]))
        and node["config"]["materialized"] in ("table", "incremental")
    ]


def alter_test_ratings(connection: duckdb.DuckDBPyConnection, protocol: Protocol) -> None:
    """Turn the loaded ratings of a protocol's test rows over: the best become the worst."""
    connection.execute(
        f"""
        update raw.ratings set rating = 5.5 - ratings.rating
        from features.rating_splits as splits
        where userId = splits.user_id and movieId = splits.movie_id
        and splits.{protocol}_split = 'test'
        """
    )


def write_base_predictions(connection: duckdb.DuckDBPyConnection) -> None:
    """Write what bases might predict, the same whatever the ratings: their own runs are fits too.

    Runs are of the data that they were fitted to, so that each warehouse needs some of its own.
    """
    create_tables(connection, "ml")
    for recipe, protocol in BASES:
        known, test = (
            connection.execute(
                "select user_id, movie_id, fold, (user_id + 3 * movie_id) % 9 / 2.0 + 0.5 as"
                f" prediction, 0.5 as spread from features.rating_splits where {condition}"
            ).df()
            for condition in (f"{protocol}_split != 'test'", f"{protocol}_split = 'test'")
        )
        results = {
            "out_of_fold_predictions": known,
            "rating_predictions": test.drop(columns="fold"),
        }
        write_run(connection, Run(recipe.name, now(), now(), {}, protocol, seed=0, results=results))


@pytest.fixture
def connections(
    warehouses: Warehouses, protocol: Protocol
) -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    """The original, and what was altered for the protocol."""
    with (
        duckdb.connect(str(warehouses.original), read_only=True) as original,
        duckdb.connect(str(warehouses.altered[protocol]), read_only=True) as altered,
    ):
        yield original, altered


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare frames but for what the order of summation moves."""
    assert_frame_equal(found, expected, rtol=1e-9, atol=1e-12)


class TestTestRatings:
    @pytest.mark.parametrize(("recipe", "protocol"), FITS)
    def test_change_nothing_that_a_training_reads(
        self,
        connections: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
        recipe: Recipe,
        protocol: Protocol,
    ) -> None:
        expected, found = (
            read_task(connection, recipe, protocol, read_parameters()) for connection in connections
        )
        assert found.scale == expected.scale
        assert_same(found.parts.train, expected.parts.train)
        assert_same(found.parts.validation, expected.parts.validation)
        assert_same(found.parts.test, expected.parts.test)
        assert found.marts.keys() == expected.marts.keys()
        for mart in recipe.marts:
            assert_same(found.marts[mart], expected.marts[mart])
        assert found.bases.keys() == expected.bases.keys() == set(recipe.bases)
        for base in recipe.bases:
            assert len(expected.bases[base])
            assert_same(found.bases[base], expected.bases[base])

    @pytest.mark.parametrize(("recipe", "protocol"), FITS)
    def test_are_not_handed_out(
        self, warehouses: Warehouses, recipe: Recipe, protocol: Protocol
    ) -> None:
        with duckdb.connect(str(warehouses.original), read_only=True) as connection:
            parts = read_task(connection, recipe, protocol, read_parameters()).parts
        assert list(parts.test.columns) == ["user_id", "movie_id", "rated_at"]
        test = set(parts.test[["user_id", "movie_id"]].itertuples(index=False, name=None))
        for rows in (parts.train, parts.validation):
            ids = set(rows[["user_id", "movie_id"]].itertuples(index=False, name=None))
            assert not ids & test

    @pytest.mark.parametrize("protocol", JUDGED_PROTOCOLS)
    def test_in_a_mart_would_be_found(
        self,
        connections: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
        protocol: Protocol,
    ) -> None:
        """A mart of all ratings is read by fits alone that have no test rows."""
        mart = "analytics.standardised_ratings"
        leaky = replace(RECIPES[0], name="leaky", marts=(mart,), protocols=JUDGED_PROTOCOLS)
        before, after = (
            read_task(connection, leaky, protocol, read_parameters()).marts[mart]
            for connection in connections
        )
        with pytest.raises(AssertionError):
            assert_same(after, before)

    @pytest.mark.parametrize("protocol", JUDGED_PROTOCOLS)
    def test_were_altered_where_they_are_judged_and_nowhere_else(
        self,
        connections: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
        protocol: Protocol,
    ) -> None:
        before, after = (
            connection.execute(
                f"select user_id, movie_id, rating, {protocol}_split as split"
                " from features.rating_splits order by user_id, movie_id"
            ).df()
            for connection in connections
        )
        is_test = before["split"] == "test"
        assert list(after["split"]) == list(before["split"])
        assert list(after["rating"][is_test]) == list(5.5 - before["rating"][is_test])
        assert list(after["rating"][~is_test]) == list(before["rating"][~is_test])
        assert (after["rating"] != before["rating"]).sum() == is_test.sum() > 0


class TestAddedRatings:
    @settings(max_examples=50, deadline=None)
    @given(ratings=any_datasets, data=st.data())
    def test_move_only_ratings_at_the_cuts_of_the_random_protocol(
        self,
        split: Splitter,  # noqa: F811
        ratings: list[Rating],
        data: st.DataObject,
    ) -> None:
        """Of the ratings there before, one test part holds the other: their order stays."""
        kept_count = data.draw(st.integers(0, len(ratings)))
        before = split(ratings[:kept_count])["random_split"]
        after = split(ratings)["random_split"]
        added_count = len(ratings) - kept_count
        for parts in ({"test"}, {"test", "validation"}):
            one = {key for key in before if before[key] in parts}
            other = {key for key in before if after[key] in parts}
            assert one <= other or other <= one
            assert len(one ^ other) <= added_count
