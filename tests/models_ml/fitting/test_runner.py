"""The runner hands each model what its protocol allows, writes what it gave, and saves it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import duckdb
import numpy as np
import pandas as pd
import pytest

from models_ml.fitting.parameters import Parameters
from models_ml.fitting.recipe import (
    JUDGED_PROTOCOLS,
    PROTOCOLS,
    Effort,
    Outcome,
    Protocol,
    Recipe,
    Task,
)
from models_ml.fitting.runner import (
    choose,
    has_no_rows,
    read_parts,
    read_task,
    remove_models_of_replaced_runs,
    run_task,
)
from models_ml.fitting.saving import SavedModel
from models_ml.registry import RECIPES
from warehouse.errors import UserError
from warehouse.tables import create_tables

PARAMETERS = Parameters(seed=5, models={"average": {"shrinkage": 2.0}})


class Average(SavedModel):
    state: ClassVar = ("mean_",)

    def __init__(self, shrinkage: float = 0.0, random_state: int = 0) -> None:
        self.shrinkage = shrinkage
        self.random_state = random_state


def train_average(task: Task) -> Outcome:
    model = Average(**task.params, random_state=task.seed)
    model.mean_ = np.array(task.parts.train["rating"].mean())
    rows = task.parts.test[["user_id", "movie_id"]].assign(prediction=float(model.mean_))
    return Outcome(model, {"rating_predictions": rows}, "done", {"fitted_rows": 3})


def recipe(**changes) -> Recipe:
    values = {
        "name": "average",
        "role": "ratings",
        "description": "The mean of the training ratings.",
        "model": Average,
        "protocols": PROTOCOLS,
    }
    return Recipe(**{**values, "train": train_average, **changes})


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    """Ten ratings: of each protocol six train, two validate, two test, in different places."""
    connection = duckdb.connect()
    create_tables(connection, "ml")
    connection.execute("create schema analytics")
    connection.execute("create schema features")
    connection.execute(
        "create table analytics.dataset_summary as"
        " select 'abc' data_fingerprint, 'mine' dataset, 0.5 scale_min, 5.0 scale_max"
    )
    parts = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
    frame = pd.DataFrame(
        {
            "user_id": np.arange(10, 0, -1),
            "movie_id": np.arange(10),
            "rating": np.arange(10) / 2,
            "rated_at": pd.Timestamp("2020-01-01"),
            "random_split": parts,
            "temporal_split": parts[::-1],
            "last_split": parts[5:] + parts[:5],
            "serving_split": ["train"] * 6 + ["validation"] * 2 + ["train"] * 2,
            "fold": [1, 2, 3, 4, 5] * 2,
        }
    )
    connection.register("frame", frame)
    connection.execute("create table features.rating_splits as from frame")
    connection.execute(
        "create table features.by_protocol as"
        " from (values ('random', 1), ('serving', 2), ('last', 3)) as rows (protocol, value)"
    )
    return connection


@pytest.mark.parametrize("protocol", JUDGED_PROTOCOLS)
def test_a_protocol_gives_its_parts_sorted_and_no_test_rating(connection, protocol) -> None:
    parts = read_task(connection, recipe(), protocol, PARAMETERS).parts

    for name, rows in {"train": parts.train, "validation": parts.validation}.items():
        expected = connection.execute(
            "select user_id, movie_id, rating, rated_at, fold from features.rating_splits"
            f" where {protocol}_split = '{name}' order by user_id, movie_id"
        ).df()
        pd.testing.assert_frame_equal(rows, expected)
    expected = connection.execute(
        "select user_id, movie_id, rated_at from features.rating_splits"
        f" where {protocol}_split = 'test' order by user_id, movie_id"
    ).df()
    pd.testing.assert_frame_equal(parts.test, expected)
    assert len(parts.test) == 2


def test_known_rows_are_those_to_train_and_then_those_to_validate(connection) -> None:
    parts = read_parts(connection, "random")

    pd.testing.assert_frame_equal(
        parts.known, pd.concat([parts.train, parts.validation], ignore_index=True)
    )


def test_a_serving_fit_trains_on_all_but_validation_rows(connection) -> None:
    parts = read_task(connection, recipe(), "serving", PARAMETERS).parts

    assert (len(parts.train), len(parts.validation), len(parts.test)) == (8, 2, 0)
    assert set(parts.validation["movie_id"]) == {6, 7}


def test_of_a_mart_split_by_protocol_only_its_rows_are_read(connection) -> None:
    reader = recipe(marts=("features.by_protocol",))
    values = {
        protocol: read_task(connection, reader, protocol, PARAMETERS)
        .marts["features.by_protocol"]["value"]
        .tolist()
        for protocol in reader.protocols
    }

    assert values == {"random": [1], "temporal": [], "last": [3], "serving": [2]}


def test_a_run_is_written_and_a_model_to_serve_saved_under_its_id(
    connection, tmp_path: Path
) -> None:
    run_id, _ = run_task(connection, recipe(), "random", PARAMETERS, tmp_path)

    ((params, seed, protocol, seconds),) = connection.execute(
        "select params, seed, protocol, finished_at - started_at >= interval 0 second"
        " from ml.runs where run_id = ?",
        [run_id],
    ).fetchall()
    assert json.loads(params) == {"shrinkage": 2.0, "random_state": 5, "fitted_rows": 3}
    assert (seed, protocol, seconds) == (5, "random", True)
    assert connection.execute(
        "select user_id, prediction from ml.rating_predictions where run_id = ?", [run_id]
    ).fetchall() == [(1, 1.25), (2, 1.25)]
    assert list(tmp_path.iterdir()) == []
    serving_id, _ = run_task(connection, recipe(), "serving", PARAMETERS, tmp_path)
    assert float(Average.load(tmp_path / serving_id).mean_) == 2


def test_a_fit_that_fails_writes_nothing(connection, tmp_path: Path) -> None:
    def fail(task: Task) -> Outcome:
        raise UserError("It cannot be fitted.")

    with pytest.raises(UserError):
        run_task(connection, recipe(train=fail), "random", PARAMETERS, tmp_path)
    assert connection.execute("select count(*) from ml.runs").fetchall() == [(0,)]
    assert list(tmp_path.iterdir()) == []


def warehouse_with_runs(path: Path, *run_ids: str) -> Path:
    """A file with runs of one model and protocol, the last one the latest."""
    with duckdb.connect(str(path)) as connection:
        create_tables(connection, "ml")
        for number, run_id in enumerate(run_ids):
            connection.execute(
                "insert into ml.runs by name"
                " select ? as run_id, 'm' as model, make_date(2026, 1, ?) as finished_at",
                [run_id, number + 1],
            )
    return path


def test_models_of_the_latest_runs_of_each_kept_state_stay(tmp_path: Path) -> None:
    warehouse = warehouse_with_runs(tmp_path / "w.duckdb", "a", "b", "c")
    (tmp_path / "w.states").mkdir()
    warehouse_with_runs(tmp_path / "w.states" / "1.duckdb", "a", "b")
    for run_id in ("a", "b", "c", "of no run"):
        (tmp_path / "w.models" / run_id).mkdir(parents=True)
    remove_models_of_replaced_runs(warehouse)

    assert {path.name for path in (tmp_path / "w.models").iterdir()} == {"b", "c"}
    remove_models_of_replaced_runs(warehouse_with_runs(tmp_path / "no models.duckdb"))


def test_a_protocol_by_time_has_no_rows_without_times(connection) -> None:
    connection.execute("update features.rating_splits set temporal_split = null, last_split = null")

    assert [protocol for protocol in PROTOCOLS if has_no_rows(connection, protocol)] == [
        *("temporal", "last")
    ]


def test_ratings_that_were_read_are_not_read_again(connection) -> None:
    parts = read_parts(connection, "random")
    connection.execute("drop table features.rating_splits")

    assert read_task(connection, recipe(), "random", PARAMETERS, parts=parts).parts is parts


def test_text_that_says_one_of_a_few_things_is_read_as_categories(connection) -> None:
    connection.execute("create schema core")
    connection.execute(
        "create table core.genres as from (values (3, 'O''Hara', 'b'), (1, 'Sci-Fi', 'a'),"
        " (2, null, 'a'), (1, 'Drama', 'c')) as rows (movie_id, genre, title)"
    )
    task = read_task(connection, recipe(marts=("core.genres",)), "random", PARAMETERS)
    rows = task.marts["core.genres"]

    assert rows.astype(object).where(rows.notna(), None).to_numpy().tolist() == [
        *([1, "Drama", "c"], [1, "Sci-Fi", "a"], [2, None, "a"], [3, "O'Hara", "b"])
    ]
    assert list(rows["genre"].cat.categories) == ["Drama", "O'Hara", "Sci-Fi"]
    assert not isinstance(rows["title"].dtype, pd.CategoricalDtype)


def test_a_part_without_ratings_is_said(connection) -> None:
    connection.execute("update features.rating_splits set random_split = 'train'")

    with pytest.raises(UserError, match="The validation part of the random protocol"):
        read_task(connection, recipe(), "random", PARAMETERS)


def train_base(task: Task) -> Outcome:
    """Predict known rows out of fold by their fold, and test rows by 3 stars."""
    ids = ["user_id", "movie_id"]
    known = task.parts.known
    results = {
        "out_of_fold_predictions": known[[*ids, "fold"]].assign(
            prediction=known["fold"] / 2, spread=0.5
        ),
        "rating_predictions": task.parts.test[ids].assign(prediction=3.0, spread=1.0),
    }
    return Outcome(Average(), results, "done")


def base_predictions(
    connection: duckdb.DuckDBPyConnection, protocol: Protocol = "random"
) -> pd.DataFrame:
    return read_task(connection, recipe(bases=("base",)), protocol, PARAMETERS).bases["base"]


BASE = recipe(name="base", train=train_base)


def test_a_base_gives_known_rows_out_of_fold_and_test_rows(connection, tmp_path: Path) -> None:
    run_task(connection, BASE, "random", PARAMETERS, tmp_path)

    expected = connection.execute(
        "select user_id, movie_id,"
        " case when random_split = 'test' then 3.0 else fold / 2 end as prediction,"
        " case when random_split = 'test' then 1.0 else 0.5 end as spread"
        " from features.rating_splits order by user_id, movie_id"
    ).df()
    pd.testing.assert_frame_equal(base_predictions(connection), expected, check_dtype=False)


def test_of_a_base_the_latest_run_of_the_protocol_is_read(connection, tmp_path: Path) -> None:
    run_task(connection, BASE, "random", PARAMETERS, tmp_path)
    later = recipe(name="base", train=lambda task: _raised(train_base(task)))
    run_task(connection, later, "random", PARAMETERS, tmp_path)
    run_task(connection, BASE, "last", PARAMETERS, tmp_path)

    assert base_predictions(connection)["prediction"].max() == 4
    assert base_predictions(connection, "last")["prediction"].max() == 3


def _raised(outcome: Outcome) -> Outcome:
    results = {
        table: frame.assign(prediction=frame["prediction"] + 1)
        for table, frame in outcome.results.items()
    }
    return replace(outcome, results=results)


def test_a_base_without_a_run_on_the_present_data_is_said(connection, tmp_path: Path) -> None:
    said = r"No run of base in the protocol random .*: make train MODEL=base PROTOCOL=random"
    with pytest.raises(UserError, match=said):
        base_predictions(connection)
    run_task(connection, BASE, "random", PARAMETERS, tmp_path)
    connection.execute("update analytics.dataset_summary set data_fingerprint = 'other'")

    with pytest.raises(UserError, match=said):
        base_predictions(connection)


def names(fits: list[tuple[Recipe, Protocol]]) -> list[tuple[str, str]]:
    return [(one.name, protocol) for one, protocol in fits]


def test_fits_are_chosen_by_model_and_protocol() -> None:
    assert set(names(choose(RECIPES, effort="full"))) == {
        (one.name, protocol)
        for one in RECIPES
        for protocol in one.protocols
        if one.effort != "spark"
    }
    assert names(choose(RECIPES, "matrix_factorisation")) == [
        ("matrix_factorisation", protocol) for protocol in JUDGED_PROTOCOLS
    ]
    assert names(choose(RECIPES, "ease", "last")) == [("ease", "last")]
    assert {protocol for _, protocol in names(choose(RECIPES, protocol="random"))} == {"random"}
    # Fits of a protocol follow each other, so that its ratings are read once
    order = [protocol for _, protocol in choose(RECIPES, effort="full")]
    assert order == sorted(order, key=PROTOCOLS.index)


def test_a_model_that_takes_long_is_fitted_in_full_or_by_its_name() -> None:
    slow, quick = recipe(name="slow", effort="full"), recipe(name="quick")
    far = recipe(name="far", effort="spark")

    def chosen(name: str | None, effort: Effort) -> set[str]:
        return {one.name for one, _ in choose([slow, quick, far], name, effort=effort)}

    assert chosen(None, "quick") == {"quick"}
    assert chosen(None, "full") == {"slow", "quick"}
    assert chosen(None, "spark") == {"far", "quick"}
    assert chosen("slow", "quick") == {"slow"}
    assert chosen("quick", "full") == {"quick"}


def test_models_are_trained_after_those_they_are_based_on() -> None:
    order = names(choose(RECIPES, effort="full"))

    for one, protocol in choose(RECIPES, effort="full"):
        for base in one.bases:
            assert order.index((base, protocol)) < order.index((one.name, protocol))


@pytest.mark.parametrize(
    ("model", "protocol", "message"),
    [
        ("magic", None, r"no model 'magic'\. MODEL is one of: rating_clusters, "),
        (
            "ease",
            "magic",
            r"no protocol 'magic'\. PROTOCOL is one of: random, temporal, last, serv",
        ),
        (
            "user_segments",
            "last",
            r"user_segments .* protocol last\. PROTOCOL is one of: serving\.",
        ),
    ],
)
def test_a_wrong_choice_is_said_with_what_there_is(
    model: str, protocol: str | None, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        choose(RECIPES, model, protocol)
