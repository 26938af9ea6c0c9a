"""What every model owes whoever trains, saves and asks it: one class of tests, over all models."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from models_ml.fitting.parameters import Parameters, read_parameters
from models_ml.fitting.recipe import Outcome, Recipe, Role, Task
from models_ml.fitting.runner import read_task
from models_ml.registry import RECIPES
from models_ml.segments.user_segments import weighted_traits
from tests.pipeline import ROOT, Pipeline

Rows = np.ndarray

NOBODY, NOTHING = 987_654_321, 987_654_321

# A row's time, or how long an epoch took, is no result.
MEASURED = {"training_history": ["seconds"]}


def quick_parameters() -> Parameters:
    """The parameters of the file, but for a few passes over the ratings: enough for a contract."""
    parameters = read_parameters()
    for name in ("matrix_factorisation", "embedding"):
        parameters.models[name]["max_epochs"] = 3
    return parameters


def pairs(task: Task) -> Rows:
    """Known and unknown users with known and unknown movies."""
    known = task.parts.validation[["user_id", "movie_id"]].to_numpy(np.int64)[:40]
    user, movie = known[0]
    return np.vstack([known, [[user, NOTHING], [NOBODY, movie], [NOBODY, NOTHING]]])


def user_traits(task: Task) -> Rows:
    """The users of the mart, and one of whom nothing is known."""
    traits = weighted_traits(task.marts["features.user_traits"]).to_numpy()
    return np.vstack([traits, np.zeros_like(traits[:1])])


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

LOAD_AND_PREDICT = """
import importlib, sys
from pathlib import Path
import numpy as np
module, name, folder, rows, out = sys.argv[1:]
model = getattr(importlib.import_module(module), name).load(Path(folder))
np.save(out, model.predict(np.load(rows)))
assert "tensorflow" not in sys.modules
"""


@pytest.fixture(scope="module")
def warehouse(fittable: Pipeline) -> Pipeline:
    return fittable


@pytest.fixture(scope="module", params=RECIPES, ids=lambda recipe: recipe.name)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return request.param


@pytest.fixture(scope="module")
def task(warehouse: Pipeline, recipe: Recipe) -> Task:
    protocol = recipe.protocols[0]
    with warehouse.connect() as connection:
        return read_task(connection, recipe, protocol, quick_parameters())


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
        rows = INPUTS[recipe.role](task)
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
        rows = INPUTS[recipe.role](task)
        file = tmp_path / "rows.npy"
        np.save(file, rows)
        kind = type(outcome.model)
        command = [sys.executable, "-c", LOAD_AND_PREDICT, kind.__module__, kind.__name__]
        environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
        subprocess.run(
            [*command, saved, file, tmp_path / "out.npy"], cwd=tmp_path, env=environment, check=True
        )

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

        as_lists = json.loads(json.dumps(params))
        assert {name: as_lists[name] for name in wanted} == wanted


def test_no_test_rating_is_handed_out(warehouse: Pipeline) -> None:
    with warehouse.connect() as connection:
        for recipe in RECIPES:
            for protocol in recipe.protocols:
                task = read_task(connection, recipe, protocol, quick_parameters())
                assert list(task.parts.test) == ["user_id", "movie_id"]


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
