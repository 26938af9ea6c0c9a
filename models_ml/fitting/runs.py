"""Training runs: what identifies one, and how its results are written."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb

from warehouse.tables import source_columns

if TYPE_CHECKING:
    import pandas as pd

    from models_ml.fitting.recipe import Recipe

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    """A fitted model's results, ready to be written.

    Attributes:
        model: The model's name.
        started_at: When the fit began, UTC without a zone.
        finished_at: When the results were complete.
        params: The model's parameters, and the limits that they set to the fit.
        protocol: The protocol whose training rows were read.
        seed: The seed of the fit.
        results: Rows for tables of the schema ``ml``, by table, without ``run_id``.
    """

    model: str
    started_at: datetime
    finished_at: datetime
    params: dict[str, Any]
    protocol: str
    seed: int
    results: "Mapping[str, pd.DataFrame]"


def now() -> datetime:
    """Tell the time as the warehouse keeps it: in UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def write_run(connection: duckdb.DuckDBPyConnection, run: Run) -> str:
    """Add a run and its results to ``ml.*``: all of it, or none.

    Args:
        connection: A connection that may write, to a warehouse that dbt has built.
        run: The run.

    Returns:
        The run's id.
    """
    ((dataset, fingerprint),) = connection.execute(
        "select dataset, data_fingerprint from analytics.dataset_summary"
    ).fetchall()
    # The latest run is the current one, also where the clock was set back since the one before
    ((latest,),) = connection.execute("select max(finished_at) from ml.runs").fetchall()
    finished_at = max(
        run.finished_at, latest + timedelta(microseconds=1) if latest else datetime.min
    )
    run_id = f"{run.started_at:%Y%m%dT%H%M%S}-{run.model}-{uuid4().hex[:8]}"
    row = {
        "run_id": run_id,
        "model": run.model,
        "started_at": run.started_at,
        "finished_at": finished_at,
        "params": json.dumps(run.params, sort_keys=True),
        "code_version": code_version(),
        "data_fingerprint": fingerprint,
        "dataset": dataset,
        "protocol": run.protocol,
        "seed": run.seed,
    }
    names = source_columns("ml")["runs"]
    connection.begin()
    try:
        connection.execute(
            f"insert into ml.runs ({', '.join(names)}) values ({', '.join('?' * len(names))})",
            [row[name] for name in names],
        )
        for table, frame in run.results.items():
            connection.register("result", frame)
            connection.execute(
                f"insert into ml.{table} by name select ? as run_id, * from result", [run_id]
            )
            connection.unregister("result")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return run_id


def write_models(connection: duckdb.DuckDBPyConnection, recipes: "Iterable[Recipe]") -> None:
    """Say in ``ml.models`` which models there are, in place of what it said before."""
    names = source_columns("ml")["models"]
    rows = [
        (recipe.name, recipe.role, recipe.track, recipe.serving_rank, recipe.description)
        for recipe in recipes
    ]
    connection.begin()
    connection.execute("delete from ml.models")
    connection.executemany(f"insert into ml.models values ({', '.join('?' * len(names))})", rows)
    connection.commit()


def code_version() -> str:
    """Name the commit of the code, with ``-dirty`` where files were changed since."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()
