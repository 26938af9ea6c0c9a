"""Train models: read the marts that each names, fit it, and write what it gave."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from models_ml.fitting.parameters import Parameters
from models_ml.fitting.recipe import Outcome, Parts, Protocol, Recipe, Report, Task
from models_ml.fitting.runs import Run, now, write_run
from warehouse.connection import connect
from warehouse.errors import DamagedError, UserError
from warehouse.publishing import models_folder
from warehouse.states import states

if TYPE_CHECKING:
    import pandas as pd


def tasks(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe
) -> tuple[list[Protocol | None], list[Protocol]]:
    """Tell which of a recipe's fits the ratings allow, and which they do not.

    A protocol that splits by time has no rows where ratings have no times.
    """
    possible: list[Protocol | None] = []
    impossible: list[Protocol] = []
    for protocol in recipe.protocols:
        if protocol is None or _part_sizes(connection, protocol):
            possible.append(protocol)
        else:
            impossible.append(protocol)
    return possible, impossible


def run_task(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    protocol: Protocol | None,
    parameters: Parameters,
    folder: Path,
    report: Report = lambda words: None,
) -> tuple[str, Outcome]:
    """Make one fit, save the model and write its run.

    Args:
        connection: A connection that may write, to a warehouse that dbt has built.
        recipe: The model.
        protocol: The protocol to read, or ``None`` for the fit that serves.
        parameters: The parameters of all models.
        folder: Where models are saved, each in a folder of its run's id.
        report: Called with a few words as the fit goes on.

    Returns:
        The run's id, and what the fit gave.

    Raises:
        UserError: A part of the protocol has no ratings, or the parameters are not the model's.
    """
    started_at = now()
    task = read_task(connection, recipe, protocol, parameters, report)
    outcome = recipe.train(task)
    run = Run(
        model=recipe.name,
        started_at=started_at,
        finished_at=now(),
        params=outcome.model.get_params(deep=False),
        protocol=protocol,
        seed=parameters.seed,
        results=outcome.results,
    )
    run_id = write_run(connection, run)
    outcome.model.save(folder / run_id)
    return run_id, outcome


def read_task(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    protocol: Protocol | None,
    parameters: Parameters,
    report: Report = lambda words: None,
) -> Task:
    """Read what one fit may see: no rating of a test row is among it.

    Raises:
        UserError: A part of the protocol has no ratings.
    """
    ((low, high),) = connection.execute(
        "select scale_min, scale_max from analytics.dataset_summary"
    ).fetchall()
    return Task(
        protocol=protocol,
        parts=_parts(connection, protocol),
        marts={mart: _mart(connection, mart, protocol) for mart in recipe.marts},
        scale=(float(low), float(high)),
        params=parameters.models.get(recipe.name, {}),
        seed=parameters.seed,
        report=report,
    )


def remove_models_of_replaced_runs(warehouse: Path) -> None:
    """Remove saved models that neither the published file nor a kept state of it uses.

    A model is used where its run is the latest of its model and protocol.
    """
    folder = models_folder(warehouse)
    if not folder.is_dir():
        return
    used = _used_runs(warehouse)
    for state in states(warehouse):
        # What is damaged cannot be restored, and must not stop a training
        with suppress(DamagedError):
            used |= _used_runs(state.path)
    for saved in folder.iterdir():
        if saved.name not in used:
            shutil.rmtree(saved)


def _used_runs(path: Path) -> set[str]:
    with connect(path, read_only=True) as connection:
        return {
            run_id
            for (run_id,) in connection.execute(
                "select max_by(run_id, (finished_at, run_id)) from ml.runs group by model, protocol"
            ).fetchall()
        }


def choose(recipes: Sequence[Recipe], name: str | None) -> Sequence[Recipe]:
    """Choose the recipe of a name, or all without one.

    Raises:
        UserError: No recipe has the name.
    """
    if name is None:
        return recipes
    chosen = [recipe for recipe in recipes if recipe.name == name]
    if not chosen:
        names = ", ".join(recipe.name for recipe in recipes)
        raise UserError(f"There is no model {name!r}. MODEL is one of: {names}.")
    return chosen


def _part_sizes(connection: duckdb.DuckDBPyConnection, protocol: Protocol) -> dict[str, int]:
    return dict(
        connection.execute(
            f"select {protocol}_split, count(*) from features.rating_splits"
            f" where {protocol}_split is not null group by {protocol}_split"
        ).fetchall()
    )


def _parts(connection: duckdb.DuckDBPyConnection, protocol: Protocol | None) -> Parts:
    split = f"{protocol or 'random'}_split"
    # The fit that serves has no test rows: all but the validation rows train.
    is_train = f"{split} = 'train'" if protocol else f"{split} != 'validation'"
    is_test = f"{split} = 'test'" if protocol else "false"
    parts = {
        "train": _rows(connection, "user_id, movie_id, rating, rated_at", is_train),
        "validation": _rows(
            connection, "user_id, movie_id, rating, rated_at", f"{split} = 'validation'"
        ),
        "test": _rows(connection, "user_id, movie_id", is_test),
    }
    for name, rows in parts.items():
        if rows.empty and (protocol or name != "test"):
            raise UserError(
                f"The {name} part of the {protocol or 'random'} protocol has no ratings:"
                " load more of them."
            )
    return Parts(**parts)


def _mart(
    connection: duckdb.DuckDBPyConnection, mart: str, protocol: Protocol | None
) -> "pd.DataFrame":
    """Read a relation, sorted; of one that differs by protocol, only the rows of this one."""
    relation = connection.sql(f"from {mart}")
    if "protocol" in relation.columns:
        relation = relation.filter(f"protocol = '{protocol or 'serving'}'")
    return relation.order("all").df()


def _rows(connection: duckdb.DuckDBPyConnection, columns: str, condition: str) -> "pd.DataFrame":
    return connection.execute(
        f"select {columns} from features.rating_splits where {condition} order by user_id, movie_id"
    ).df()
