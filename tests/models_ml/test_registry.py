"""What every model owes whoever trains, saves and asks it: one class of tests, over all models."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from models_ml.fitting.parameters import Parameters, read_parameters
from models_ml.fitting.recipe import PROTOCOLS, Outcome, Parts, Protocol, Recipe, Role, Task
from models_ml.fitting.runner import read_parts, read_task, run_task
from models_ml.ratings.stack import Stack, StackRows, stack_rows
from models_ml.registry import RECIPES
from models_ml.segments.user_segments import weighted_traits
from tests.models_ml.apart import predict_apart
from tests.pipeline import ROOT, Pipeline, made_once
from tests.spark import needs_spark

Rows = np.ndarray | StackRows

NOBODY, NOTHING = 987_654_321, 987_654_321

# A row's time, or how long an epoch took, is no result.
MEASURED = {"training_history": ["seconds"]}

# The fits that the others read.
BASES = list(
    dict.fromkeys(
        (base, recipe.protocols[0])
        for recipe in RECIPES
        for base in RECIPES
        if base.name in recipe.bases
    )
)


def quick_parameters() -> Parameters:
    """The parameters of the file, but for little effort: enough for a contract."""
    parameters = read_parameters()
    little: dict[str, dict[str, Any]] = {
        "matrix_factorisation": {"max_epochs": 3},
        "embedding": {"max_epochs": 3},
        "bayesian_fm": {"factors": 4, "n_draws": 6, "burn_in": 3, "thinning": 1},
        "gaussian_processes": {"n_sampled": 10, "sampled_ratings": 30, "max_ratings": 100},
        "stack": {"n_estimators": 20, "n_seeds": 2, "units": (8, 4), "max_epochs": 2},
        "sasrec": {"factors": 8, "max_epochs": 2},
        "spark_als": {"iterations": 3},
        "spark_als_lists": {"factors": 8, "iterations": 3},
    }
    for name, values in little.items():
        for like in (name, f"{name}_days", f"{name}_times"):
            parameters.models.get(like, {}).update(values)
    return parameters


def quick_parts(connection: duckdb.DuckDBPyConnection, recipe: Recipe, protocol: Protocol) -> Parts:
    """The ratings of a protocol, for a model that takes long those of every fourth user."""
    parts = read_parts(connection, protocol)
    if recipe.effort == "quick" or recipe.role != "ratings":
        return parts
    return Parts(
        *(rows[rows["user_id"] % 4 == 0] for rows in (parts.train, parts.validation, parts.test))
    )


def pairs(task: Task) -> Rows:
    """Known and unknown users with known and unknown movies."""
    known = task.parts.validation[["user_id", "movie_id"]].to_numpy(np.int64)[:40]
    user, movie = known[0]
    return np.vstack([known, [[user, NOTHING], [NOBODY, movie], [NOBODY, NOTHING]]])


def user_traits(task: Task) -> Rows:
    """The users of the mart, and one of whom nothing is known."""
    traits = weighted_traits(task.marts["features.user_traits"]).to_numpy()
    return np.vstack([traits, np.zeros_like(traits[:1])])


def rows_of_stack(task: Task) -> StackRows:
    """Rows of the warehouse, and one of which nothing is known."""
    rows, names = stack_rows(task)
    features = rows[names].to_numpy()[:100]
    nothing = np.full_like(features[:1], np.nan)
    return StackRows(
        np.vstack([features, nothing]), np.append(rows["start"].to_numpy(np.float64)[:100], 3)
    )


def standardised_ratings(task: Task) -> Rows:
    columns = ["user_id_z", "movie_id_z", "rating_z"]
    return task.marts["analytics.standardised_ratings"][columns].to_numpy()[:100]


# What models of a role predict from.
INPUTS: dict[Role, Callable[[Task], Rows]] = {
    "ratings": pairs,
    "lists": pairs,
    "segments": user_traits,
    "clusters": standardised_ratings,
    "baseline": pairs,
}


def input_of(recipe: Recipe, task: Task) -> Rows:
    return rows_of_stack(task) if recipe.model is Stack else INPUTS[recipe.role](task)


@pytest.fixture(scope="module")
def warehouse(
    fittable: Pipeline, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Pipeline:
    """A small warehouse with runs of the models that others are based on."""

    def make(folder: Path) -> None:
        pipeline = Pipeline(folder)
        shutil.copyfile(fittable.warehouse, pipeline.warehouse)
        with duckdb.connect(str(pipeline.warehouse)) as connection:
            for base, protocol in BASES:
                parts = quick_parts(connection, base, protocol)
                run_task(connection, base, protocol, quick_parameters(), folder, parts=parts)

    return Pipeline(made_once(tmp_path_factory, worker_id, "with_bases", make))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(
            recipe, id=recipe.name, marks=[needs_spark] if recipe.effort == "spark" else []
        )
        for recipe in RECIPES
    ],
)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return request.param


@pytest.fixture(scope="module")
def task(warehouse: Pipeline, recipe: Recipe) -> Task:
    protocol = recipe.protocols[0]
    with warehouse.connect() as connection:
        parts = quick_parts(connection, recipe, protocol)
        return read_task(connection, recipe, protocol, quick_parameters(), parts=parts)


@pytest.fixture(scope="module")
def outcome(recipe: Recipe, task: Task) -> Outcome:
    return recipe.train(task)


@pytest.fixture(scope="module")
def saved(outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "model"
    outcome.model.save(folder)
    return folder


class TestEveryModel:
    """The contract of ``models_ml``."""

    def test_the_same_seed_gives_the_same_results(
        self, recipe: Recipe, task: Task, outcome: Outcome
    ) -> None:
        again = recipe.train(task)

        assert again.results.keys() == outcome.results.keys()
        for table, frame in outcome.results.items():
            measured = MEASURED.get(table, [])
            pd.testing.assert_frame_equal(
                again.results[table].drop(columns=measured),
                frame.drop(columns=measured),
                check_exact=True,
            )

    def test_everybody_and_everything_gets_a_prediction(
        self, recipe: Recipe, task: Task, outcome: Outcome
    ) -> None:
        rows = input_of(recipe, task)
        predicted = outcome.model.predict(rows)

        assert predicted.shape == (len(rows),)
        assert np.isfinite(predicted).all()
        if "rating_predictions" in outcome.results:
            low, high = task.scale
            assert ((predicted >= low) & (predicted <= high)).all()

    def test_results_fit_the_tables_and_hold_no_nan(self, outcome: Outcome) -> None:
        for table, frame in outcome.results.items():
            assert len(frame), table
            numbers = frame.select_dtypes("number").drop(
                columns=["lower_bound", "upper_bound", "bias"], errors="ignore"
            )
            assert np.isfinite(numbers.to_numpy(dtype=float)).all(), table

    def test_a_new_process_predicts_the_same_without_the_training_data(
        self, recipe: Recipe, task: Task, outcome: Outcome, saved: Path, tmp_path: Path
    ) -> None:
        rows = input_of(recipe, task)
        file = tmp_path / "rows.npz"
        np.savez(file, **(vars(rows) if isinstance(rows, StackRows) else {"rows": rows}))
        kind = type(outcome.model)
        predict_apart(kind.__module__, kind.__name__, saved, file, tmp_path / "out.npy", ROOT)

        np.testing.assert_allclose(
            np.load(tmp_path / "out.npy"), outcome.model.predict(rows), rtol=1e-9
        )

    def test_saved_files_hold_plain_arrays_and_json(self, saved: Path) -> None:
        files = {path for path in saved.rglob("*") if path.is_file()}

        assert {path.suffix for path in files} == {".npy", ".json"}
        for path in saved.rglob("*.npy"):
            assert not np.load(path, allow_pickle=False).dtype.hasobject

    def test_parameters_survive_a_round_trip(self, outcome: Outcome, saved: Path) -> None:
        params = outcome.model.get_params()

        assert type(outcome.model).load(saved).get_params() == params
        assert clone(outcome.model).get_params() == params
        assert params["random_state"] == quick_parameters().seed
        json.dumps(params)

    def test_the_parameters_are_those_of_the_file(self, recipe: Recipe, outcome: Outcome) -> None:
        params = outcome.model.get_params()
        wanted = quick_parameters().models.get(recipe.name, {})

        assert {name: params[name] for name in wanted} == wanted


def test_no_test_rating_is_handed_out(warehouse: Pipeline) -> None:
    with warehouse.connect() as connection:
        for protocol in PROTOCOLS:
            test = read_parts(connection, protocol).test
            assert list(test) == ["user_id", "movie_id", "rated_at"]


def test_a_model_of_a_protocol_reads_no_mart_with_ratings_of_all(warehouse: Pipeline) -> None:
    """Marts that are not split by protocol may only say what movies are, or who exists."""
    harmless = {
        *("core.dim_movies", "core.bridge_movie_genres", "features.movie_content"),
        *("features.user_codes", "features.movie_codes"),
    }
    with duckdb.connect(str(warehouse.warehouse), read_only=True) as connection:
        for recipe in RECIPES:
            if recipe.protocols == ("serving",):
                continue
            for mart in set(recipe.marts) - harmless:
                assert "protocol" in connection.sql(f"from {mart}").columns, (recipe.name, mart)
