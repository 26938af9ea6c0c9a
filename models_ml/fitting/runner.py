"""Train models: read the marts that each names, fit it, and write what it gave."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from models_ml.fitting.parameters import Parameters
from models_ml.fitting.recipe import (
    PROTOCOLS,
    Effort,
    Outcome,
    Parts,
    Protocol,
    Recipe,
    Report,
    Task,
)
from models_ml.fitting.runs import Run, now, write_run
from warehouse.connection import connect
from warehouse.errors import DamagedError, UserError
from warehouse.publishing import models_folder
from warehouse.states import states

if TYPE_CHECKING:
    import pandas as pd

FITTED_BY: dict[Effort, tuple[Effort, ...]] = {
    "quick": ("quick",),
    "full": ("quick", "full"),
    "spark": ("quick", "spark"),
}
"""By the effort of a training: those of the models that it fits."""

CODED = ("feature", "genre", "trait", "trait_group")
"""Columns of marts whose text says one of a few things: it is read as categories."""


def run_task(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    protocol: Protocol,
    parameters: Parameters,
    folder: Path,
    report: Report = lambda words: None,
    parts: Parts | None = None,
) -> tuple[str, Outcome]:
    """Make one fit and write its run; a model that is to serve is saved too.

    Args:
        connection: A connection that may write, to a warehouse that dbt has built.
        recipe: The model.
        protocol: The protocol.
        parameters: The parameters of all models.
        folder: Where serving fits are saved, each in a folder of its run's id.
        report: Called with a few words as the fit goes on.
        parts: The ratings of the protocol, where they were read for another fit.

    Returns:
        The run's id, and what the fit gave.

    Raises:
        UserError: A part of the protocol has no ratings, or the parameters are not the model's.
    """
    started_at = now()
    task = read_task(connection, recipe, protocol, parameters, report, parts)
    outcome = recipe.train(task)
    run = Run(
        model=recipe.name,
        started_at=started_at,
        finished_at=now(),
        params=outcome.model.get_params(deep=False) | outcome.limits,
        protocol=protocol,
        seed=parameters.seed,
        results=outcome.results,
    )
    run_id = write_run(connection, run)
    if protocol == "serving":
        outcome.model.save(folder / run_id)
    return run_id, outcome


def read_task(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    protocol: Protocol,
    parameters: Parameters,
    report: Report = lambda words: None,
    parts: Parts | None = None,
) -> Task:
    """Read what one fit may see, unless it was read: no rating of a test row is among it.

    Raises:
        UserError: A part of the protocol has no ratings, or a model that the recipe is based on was
            not trained on the present data.
    """
    ((low, high),) = connection.execute(
        "select scale_min, scale_max from analytics.dataset_summary"
    ).fetchall()
    return Task(
        protocol=protocol,
        parts=parts or read_parts(connection, protocol),
        marts={mart: _mart(connection, mart, protocol) for mart in recipe.marts},
        bases={model: _predictions(connection, model, protocol) for model in recipe.bases},
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


def choose(
    recipes: Sequence[Recipe],
    name: str | None = None,
    protocol: str | None = None,
    effort: Effort = "quick",
) -> list[tuple[Recipe, Protocol]]:
    """Choose the fits of a model, of a protocol, or of both, or all, protocol by protocol.

    A model that a full training alone fits is chosen where the effort is full, or by its name; one
    that Spark fits where the effort is spark.

    Raises:
        UserError: No model or no protocol has the name, or the model has no fit of the protocol.
    """
    if name is not None and name not in {recipe.name for recipe in recipes}:
        names = ", ".join(recipe.name for recipe in recipes)
        raise UserError(f"There is no model {name!r}. MODEL is one of: {names}.")
    if protocol is not None and protocol not in PROTOCOLS:
        names = ", ".join(PROTOCOLS)
        raise UserError(f"There is no protocol {protocol!r}. PROTOCOL is one of: {names}.")
    of_model = [
        recipe
        for recipe in recipes
        if recipe.name == name or (name is None and recipe.effort in FITTED_BY[effort])
    ]
    fits = [
        (recipe, one)
        for one in PROTOCOLS
        for recipe in of_model
        if one in recipe.protocols and protocol in (None, one)
    ]
    if not fits:
        (recipe,) = of_model
        raise UserError(
            f"{recipe.name} is not fitted for the protocol {protocol}."
            f" PROTOCOL is one of: {', '.join(recipe.protocols)}."
        )
    return fits


def has_no_rows(connection: duckdb.DuckDBPyConnection, protocol: Protocol) -> bool:
    """Tell whether there are ratings, and none of them has a part in the protocol.

    A protocol that splits by time has no rows where ratings have no times.
    """
    ((count, divided),) = connection.execute(
        f"select count(*), count({protocol}_split) from features.rating_splits"
    ).fetchall()
    return bool(count and not divided)


def read_parts(connection: duckdb.DuckDBPyConnection, protocol: Protocol) -> Parts:
    """Read the ratings of a protocol, which all its fits share: no rating of a test row is there.

    Raises:
        UserError: A part of the protocol has no ratings.
    """

    def rows(part: str, columns: str) -> "pd.DataFrame":
        found = connection.execute(
            f"select {columns} from features.rating_splits where {protocol}_split = '{part}'"
            " order by user_id, movie_id"
        ).df()
        if found.empty and (protocol, part) != ("serving", "test"):
            raise UserError(
                f"The {part} part of the {protocol} protocol has no ratings: load more of them."
            )
        return found

    return Parts(
        train=rows("train", "user_id, movie_id, rating, rated_at, fold"),
        validation=rows("validation", "user_id, movie_id, rating, rated_at, fold"),
        test=rows("test", "user_id, movie_id, rated_at"),
    )


def _mart(connection: duckdb.DuckDBPyConnection, mart: str, protocol: Protocol) -> "pd.DataFrame":
    """Read a relation, sorted; of one that differs by protocol, only the rows of this one."""
    relation = connection.sql(f"from {mart}")
    if "protocol" in relation.columns:
        relation = relation.filter(f"protocol = '{protocol}'").select("* exclude (protocol)")
    coded = [column for column in relation.columns if column in CODED]
    if coded:
        # Kept, as a view that takes long is read twice
        connection.execute(f"create or replace temp table mart as {relation.sql_query()}")
        relation = connection.table("mart")
        casts = ", ".join(f"{_as_enum(relation, column)} as {column}" for column in coded)
        relation = relation.select(f"* replace ({casts})")
    return relation.order("all").df()


def _predictions(
    connection: duckdb.DuckDBPyConnection, model: str, protocol: str
) -> "pd.DataFrame":
    """Read what a model's latest run predicts; of the rows that it was fitted to, out of fold."""
    found = connection.execute(
        """
        select run_id from ml.runs
        inner join analytics.dataset_summary using (data_fingerprint)
        where model = $model and protocol = $protocol
        order by finished_at desc, run_id desc limit 1
        """,
        {"model": model, "protocol": protocol},
    ).fetchall()
    if not found:
        raise UserError(
            f"No run of {model} in the protocol {protocol} is on the present data:"
            f" make train MODEL={model} PROTOCOL={protocol}"
        )
    return connection.execute(
        """
        select user_id, movie_id, prediction, spread
        from ml.out_of_fold_predictions
        where run_id = $run
        union all
        select user_id, movie_id, prediction, spread
        from ml.rating_predictions
        where run_id = $run
        order by user_id, movie_id
        """,
        {"run": found[0][0]},
    ).df()


def _as_enum(relation: duckdb.DuckDBPyRelation, column: str) -> str:
    """Cast a column to the sorted list of its values, in SQL."""
    rows = relation.filter(f"{column} is not null").select(column).distinct().order("all")
    literals = ["'" + text.replace("'", "''") + "'" for (text,) in rows.fetchall()]
    return f"cast({column} as enum ({', '.join(literals)}))" if literals else column
