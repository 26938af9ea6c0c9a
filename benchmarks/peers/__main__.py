"""Fit Reelhouse's models and other libraries' on the same rows, and compare them.

``python -m benchmarks.peers DATASET --work FOLDER`` builds a warehouse of a release (its name or a
folder), divides its ratings by three seeds (a permutation of the rows of ``fct_ratings`` in order
of user and movie; the first fifth is tested), and by time as the temporal protocol does. Each
model is fitted in a process of its own. It writes ``benchmarks/peers.md``. The libraries are the
dependency group ``peers`` of pyproject.toml.
"""

import argparse
import json
import shutil
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.measuring import machine, measure
from benchmarks.peers.libraries import LIBRARIES, TIME_AWARE, fit
from benchmarks.peers.preparing import prepare, run_dbt
from benchmarks.peers.rating_metrics import biases, paired, rmse_interval
from models_ml.fitting.ids import Ids, Values
from models_ml.fitting.parameters import read_parameters
from models_ml.fitting.recipe import JUDGED_PROTOCOLS, Protocol
from models_ml.fitting.runner import run_task
from models_ml.registry import RECIPES
from warehouse.connection import connect
from warehouse.tables import create_tables

RESULT = Path(__file__).parents[1] / "peers.md"

OURS = {
    "random": (
        *("embedding", "boosting", "bayesian_fm", "gaussian_processes", "stack"),
        *("bayesian_fm_days", "gaussian_processes_times", "stack_times"),
    ),
    "temporal": (
        *("embedding", "boosting", "bayesian_fm", "gaussian_processes"),
        *("bayesian_fm_days", "gaussian_processes_times"),
    ),
}
"""Our models in the order of their fits: those that a stack is based on come first."""

RECIPE_OF = {recipe.name: recipe for recipe in RECIPES}


@dataclass(frozen=True)
class Fitted:
    """One model on one split.

    Attributes:
        name: What it is.
        track: What it knows of a row.
        errors: The squared errors of the test rows, in squared stars, shape (tests,).
        seconds: What its fit took, with those of the models that it is based on.
        peak_gb: The most memory of these.
    """

    name: str
    track: str
    errors: Values
    seconds: float
    peak_gb: float


def split(prepared: Path, work: Path, seed: int) -> Path:
    """Divide a copy of the warehouse: a fifth is tested, a tenth of the rest validates.

    Returns:
        The copy's file, with all features of the new split.
    """
    warehouse = work / f"random-{seed}.duckdb"
    shutil.copy(prepared, warehouse)
    with connect(warehouse) as connection:
        rows = connection.execute(
            "select user_id, movie_id from features.rating_splits order by user_id, movie_id"
        ).df()
        order = np.random.default_rng(seed).permutation(len(rows))
        tests = len(rows) // 5
        part = np.full(len(rows), "train", object)
        part[order[:tests]] = "test"
        part[order[tests : tests + (len(rows) - tests) // 10]] = "validation"
        connection.register("divided", rows.assign(part=part))
        connection.execute(
            "update features.rating_splits as splits set random_split = part from divided"
            " where splits.user_id = divided.user_id and splits.movie_id = divided.movie_id"
        )
    run_dbt(
        warehouse,
        work,
        [*("--select", "rating_splits+", "--exclude", "rating_splits", "source:ml+")],
    )
    return warehouse


def compare(warehouse: Path, protocol: Protocol, work: Path) -> list[Fitted]:
    """Fit all models on one split."""
    with connect(warehouse, read_only=True) as connection:
        rows = connection.execute(
            f"select user_id, movie_id, rating, {protocol}_split as part"
            f" from features.rating_splits where part is not null order by user_id, movie_id"
        ).df()
    test = rows[rows["part"] == "test"]
    out = work / "fit.json"
    given = ["--warehouse", str(warehouse), "--protocol", protocol, "--out", str(out)]
    fitted = [_biases(rows, test)]
    for name, (words, _) in LIBRARIES.items():
        command = [sys.executable, "-m", "benchmarks.peers", "--fit", name, *given]
        measured = measure(words, command)
        found = json.loads(out.read_text())
        fitted.append(
            Fitted(
                words,
                "time-aware" if name in TIME_AWARE else "time-free",
                (np.array(found["predictions"]) - test["rating"].to_numpy()) ** 2,
                found["seconds"],
                measured.peak_bytes / 1e9,
            )
        )
    costs: dict[str, tuple[float, float]] = {}
    for name in OURS[protocol]:
        measured = measure(name, [sys.executable, "-m", "benchmarks.peers", "--fit", name, *given])
        found = json.loads(out.read_text())
        recipe = RECIPE_OF[name]
        costs[name] = found["seconds"], measured.peak_bytes / 1e9
        whole = [costs[name], *(costs[base] for base in recipe.bases)]
        predicted = pd.DataFrame(found["predictions"], columns=["user_id", "movie_id", "rating"])
        joined = test.merge(predicted, on=["user_id", "movie_id"], suffixes=("", "_predicted"))
        fitted.append(
            Fitted(
                f"Reelhouse: {name}",
                recipe.track,
                (joined["rating_predicted"] - joined["rating"]).to_numpy() ** 2,
                sum(seconds for seconds, _ in whole),
                max(peak for _, peak in whole),
            )
        )
    return fitted


def _biases(rows: pd.DataFrame, test: pd.DataFrame) -> Fitted:
    """Predict by the SQL baseline, from all rows that are not tested."""
    began = time.perf_counter()
    predicted = biases(rows[rows["part"] != "test"], test)
    seconds = time.perf_counter() - began
    low, high = rows["rating"].min(), rows["rating"].max()
    errors = (np.clip(predicted, low, high) - test["rating"].to_numpy()) ** 2
    return Fitted("user and movie biases", "time-free", errors, seconds, np.nan)


def fit_ours(name: str, warehouse: Path, protocol: Protocol, out: Path) -> None:
    """Fit one of our models, and write its predictions of the test rows, and its seconds."""
    with connect(warehouse) as connection:
        create_tables(connection, "ml")
        began = time.perf_counter()
        _, outcome = run_task(
            connection, RECIPE_OF[name], protocol, read_parameters(), warehouse.parent / "models"
        )
        seconds = time.perf_counter() - began
    predicted = outcome.results["rating_predictions"][["user_id", "movie_id", "prediction"]]
    out.write_text(json.dumps({"seconds": seconds, "predictions": predicted.to_numpy().tolist()}))


def table(fitted: list[Fitted], users: Ids) -> str:
    """Write one split's models, best first, ours beside the best other library of their track."""
    best = {}
    for track in ("time-free", "time-aware"):
        others = [of for of in fitted if "Reelhouse" not in of.name and of.track == track]
        best[track] = min(others, key=lambda of: float(of.errors.mean()))
    lines = [
        "| model | track | RMSE | less the best other library's of the track | seconds | GB |",
        "|---|---|---|---|---:|---:|",
    ]
    for of in sorted(fitted, key=lambda of: float(of.errors.mean())):
        value, margin = rmse_interval(of.errors, users)
        difference = ""
        if "Reelhouse" in of.name:
            found, low, high = paired(of.errors, best[of.track].errors, users)
            difference = f"{found:.4f} ({low:.4f} to {high:.4f})"
        memory = "" if np.isnan(of.peak_gb) else f"{of.peak_gb:.1f}"
        lines.append(
            f"| {of.name} | {of.track} | {value:.4f} ± {margin:.4f} | {difference} |"
            f" {of.seconds:.0f} | {memory} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Parse the command line; fit one model, or all of them and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("dataset", nargs="?", help="a release's name, or a folder")
    parser.add_argument("--work", type=Path, help="a folder for the warehouses")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--fit", help=argparse.SUPPRESS)
    parser.add_argument("--warehouse", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--protocol", choices=JUDGED_PROTOCOLS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit in LIBRARIES:
        fit(options.fit, options.warehouse, options.protocol, options.out)
    elif options.fit:
        fit_ours(options.fit, options.warehouse, options.protocol, options.out)
    elif options.dataset and options.work:
        write(options.dataset, options.work.resolve(), options.seeds)
    else:
        parser.error("a dataset and --work are needed")


def write(dataset: str, work: Path, seeds: list[int]) -> None:
    """Fit everything, and write the result."""
    name = Path(dataset).name
    prepared = prepare(dataset, work)
    splits = [(f"Random 80/20, seed {seed}", split(prepared, work, seed)) for seed in seeds]
    parts = [(title, warehouse, "random") for title, warehouse in splits]
    parts.append(("The temporal protocol: the last tenth of the time", prepared, "temporal"))
    sections = []
    for title, warehouse, protocol in parts:
        fitted = compare(warehouse, protocol, work)  # type: ignore[arg-type]
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            users = np.asarray(
                connection.execute(
                    f"select user_id from features.rating_splits where {protocol}_split = 'test'"
                    " order by user_id, movie_id"
                ).fetchnumpy()["user_id"]
            )
        sections.append(f"## {title}\n\n{table(fitted, users)}\n")
    packages = ("scikit-surprise", "cmfrec", "myfm", "tensorflow", "lightgbm")
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    RESULT.write_text(
        f"""# Reelhouse beside other libraries

Predicted ratings of {name}. All models are fitted to the same rows, those that are not tested,
in the same run on the same machine. A tenth of them decides when the reference's model,
`embedding` and `boosting` stop; only `embedding` is then fitted once more, with these rows. ± is
half a 95% interval; differences are paired, and both are bootstrapped by user. A stack's seconds
are those of its own fit and of all fits that it is based on, each of them with its five
out-of-fold fits, in two processes.

Time-free models know user and movie, so that they can recommend. Time-aware ones also know the
moment of the rating, and what the user gave around it: they fill held-out ratings in.

Models of lists have [a page of their own](peer_lists.md).

{"".join(section + chr(10) for section in sections)}Machine: {machine()}. {versions}.

`python -m benchmarks.peers {name} --work FOLDER --seeds {" ".join(map(str, seeds))}`,
{datetime.now(UTC):%Y-%m-%d}.
""",
        encoding="utf-8",
    )
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
