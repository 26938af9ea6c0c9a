"""Fit Reelhouse's models of lists and other libraries' on the same rows, and compare their lists.

``python -m benchmarks.peers.lists DATASET --work FOLDER`` builds a warehouse of each release (its
name or a folder), fits each model in a process of its own to the rows that are not tested in the
protocol ``last``, and writes ``benchmarks/peer_lists.md``. Our models are trained and judged as
``make train`` does, and the figures must be those of ``predictions.model_leaderboard``. The
libraries are the dependency group ``peers`` of pyproject.toml.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.measuring import machine, measure
from benchmarks.peers.list_libraries import LIBRARIES, fit
from benchmarks.peers.list_metrics import RELEVANT_FROM, list_accuracy, mean_interval
from benchmarks.peers.preparing import prepare, run_dbt
from models_ml.registry import RECIPES

RESULT = Path(__file__).parents[1] / "peer_lists.md"

JUDGED = ("path:models/intermediate/judging", "path:models/marts/predictions")
JUDGING = ["--select", "source:ml+", *JUDGED]

OURS = [recipe.name for recipe in RECIPES if recipe.role == "lists" and "last" in recipe.protocols]

RELEVANT = f"""
select user_id, movie_id from features.rating_splits as tested
where
    last_split = 'test' and rating >= {RELEVANT_FROM}
    and exists (
        select 1 from features.rating_splits as known
        where known.movie_id = tested.movie_id and known.last_split != 'test'
    )
"""


@dataclass(frozen=True)
class Listed:
    """One model's lists, judged.

    Attributes:
        name: What it is.
        is_ours: Whether it is Reelhouse's.
        accuracy: ``ndcg@10`` and ``recall@20`` by user.
        seconds: What its fit and its lists took.
        peak_gb: The most memory of its process.
    """

    name: str
    is_ours: bool
    accuracy: pd.DataFrame
    seconds: float
    peak_gb: float


def compare(warehouse: Path, work: Path) -> list[Listed]:
    """Fit all models to one warehouse, and judge their lists.

    Raises:
        SystemExit: A figure is not that of the warehouse.
    """
    costs = {name: _train(name, warehouse) for name in OURS}
    run_dbt(warehouse, work, JUDGING)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        relevant = connection.execute(RELEVANT).df()
        ours = connection.execute(
            "select runs.model, lists.user_id, lists.rank, lists.movie_id from ml.recommendations"
            " as lists inner join predictions.current_runs as runs using (run_id)"
            " where runs.protocol = 'last'"
        ).df()
        leaderboard = connection.execute(
            "select model, metric, value from predictions.model_leaderboard"
            " where protocol = 'last' and slice = 'all' and metric in ('ndcg@10', 'recall@20')"
        ).df()
    listed = {
        name: Listed(
            f"Reelhouse: {name}",
            True,
            list_accuracy(ours[ours["model"] == name], relevant),
            *costs[name],
        )
        for name in OURS
    }
    out = work / "fit.json"
    for name, library in LIBRARIES.items():
        command = [sys.executable, "-m", "benchmarks.peers.lists", "--fit", name]
        given = ["--warehouse", str(warehouse), "--out", str(out)]
        measured = measure(library.words, command + given)
        found = json.loads(out.read_text())
        lists = pd.DataFrame(found["lists"], columns=["user_id", "rank", "movie_id"])
        listed[name] = Listed(
            library.words,
            False,
            list_accuracy(lists, relevant),
            found["seconds"],
            measured.peak_bytes / 1e9,
        )
    check(listed, leaderboard)
    return list(listed.values())


def _train(name: str, warehouse: Path) -> tuple[float, float]:
    """Train one of our models; returns the seconds of its run and the most memory, in GB."""
    measured = measure(
        name,
        [sys.executable, "-m", "models_ml", "--model", name, "--protocol", "last"],
        REELHOUSE_CANDIDATE=str(warehouse),
        REELHOUSE_WAREHOUSE=str(warehouse),
    )
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        ((seconds,),) = connection.execute(
            "select max_by(epoch(finished_at - started_at), finished_at) from ml.runs"
            " where model = ?",
            [name],
        ).fetchall()
    return seconds, measured.peak_bytes / 1e9


def check(listed: dict[str, Listed], leaderboard: pd.DataFrame) -> None:
    """Compare the figures with those of the warehouse, of each model that it has judged too.

    Raises:
        SystemExit: A figure differs.
    """
    for model, metric, value in leaderboard[["model", "metric", "value"]].itertuples(index=False):
        found = listed[model].accuracy[metric].mean()
        if not np.isclose(found, value, rtol=0, atol=1e-9):
            sys.exit(f"{metric} of {model} is {found} here, and {value} in the warehouse.")


def table(listed: list[Listed]) -> str:
    """Write all models, best first, ours beside the other libraries' best."""
    metrics = ("ndcg@10", "recall@20")

    def mean(metric: str, of: Listed) -> float:
        return float(of.accuracy[metric].mean())

    others = [of for of in listed if not of.is_ours]
    best = {metric: max(others, key=lambda of: mean(metric, of)) for metric in metrics}
    lines = [
        "| model | nDCG@10 | less the best other library's"
        " | recall@20 | less the best other library's | seconds | GB |",
        "|---|---|---|---|---|---:|---:|",
    ]
    for of in sorted(listed, key=lambda of: mean("ndcg@10", of), reverse=True):
        cells = []
        for metric in metrics:
            values = of.accuracy[metric]
            value, low, high = mean_interval(values.to_numpy())
            cells.append(f"{value:.4f} ± {(high - low) / 2:.4f}")
            difference = values - best[metric].accuracy[metric]
            value, low, high = mean_interval(difference.to_numpy())
            cells.append(f"{value:.4f} ({low:.4f} to {high:.4f})" if of.is_ours else "")
        cells += [f"{of.seconds:.1f}", f"{of.peak_gb:.1f}"]
        lines.append(f"| {of.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(datasets: list[str], work: Path) -> None:
    """Fit everything, and write the result."""
    names = [Path(dataset).name for dataset in datasets]
    sections = []
    for dataset, name in zip(datasets, names, strict=True):
        listed = compare(prepare(dataset, work / name), work / name)
        users = len(listed[0].accuracy)
        sections.append(f"## {name}: {users:,} users\n\n{table(listed)}\n")
    versions = ", ".join(f"{package} {version(package)}" for package in ("implicit", "irspack"))
    RESULT.write_text(
        f"""# Reelhouse's lists beside other libraries'

Lists of 20 movies that the user has not rated, in the protocol `last`: each user's last fifth by
time is tested. All models are fitted to the same rows, those that are not tested, in the same run
on the same machine, and choose among the same movies. nDCG@10 and recall@20 are defined as in
`predictions.metrics`: relevant are test ratings of {RELEVANT_FROM:g} stars or more, of movies that
somebody rated before. The figures of our models and of the most rated movies are those of
`predictions.model_leaderboard`; the run stops where they are not.

± is half a 95% interval. Differences are paired with the library that has the most of the metric
on the same test rows. Both are bootstrapped by user. Seconds are those of the fit and the lists,
without imports.

The settings of other libraries stand in `benchmarks/peers/list_libraries.py`, and so do the stars
from which on each learns from a rating. `python -m benchmarks.peers.list_tuning` chose them, by 30
trials for each model on rows of ml-latest-small that are not tested. `ranker`, `diverse_ranker` and
`sasrec` also learn from the order of a user's ratings, which the other libraries' models here do
not.

LensKit 2025.8 and RecTools 0.19 are left out, as they ask for pandas below 3, and RecTools for
numpy below 2 as well. RecBole and LibRecommender, which have models of sequences, ask for PyTorch
and were not tried.

{"".join(section + chr(10) for section in sections)}Machine: {machine()}. {versions}.

`python -m benchmarks.peers.lists {" ".join(names)} --work FOLDER`,
{datetime.now(UTC):%Y-%m-%d}.
""",
        encoding="utf-8",
    )
    print(RESULT.read_text(encoding="utf-8"))


def main() -> None:
    """Parse the command line; fit one library's model, or all models and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.lists")
    parser.add_argument("datasets", nargs="*", help="names of releases, or folders")
    parser.add_argument("--work", type=Path, help="a folder for the warehouses")
    parser.add_argument("--fit", choices=LIBRARIES, help=argparse.SUPPRESS)
    parser.add_argument("--warehouse", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit:
        fit(options.fit, options.warehouse, options.out)
    elif options.datasets and options.work:
        write(options.datasets, options.work.resolve())
    else:
        parser.error("a dataset and --work are needed")


if __name__ == "__main__":
    main()
