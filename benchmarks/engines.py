"""Measure the same build on DuckDB and on Spark, and say from which size a cluster pays.

``python -m benchmarks.engines --work FOLDER`` runs ``make build`` on generated ratings with each
engine, on one core and on more, and writes ``benchmarks/engines.md``. ``--ratings`` and ``--cores``
choose other sizes and numbers of cores.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from pathlib import Path

from benchmarks.measuring import MILLION, generated, machine, measure

RESULT = Path(__file__).with_suffix(".md")

RATINGS = (100_000, MILLION, 5 * MILLION, 25 * MILLION)
ENGINES = {"duckdb": "DuckDB", "spark": "Spark"}
MACHINES = (2, 4, 8, 16, 64)


@dataclass(frozen=True)
class Build:
    """One build that was measured.

    Attributes:
        ratings: Ratings of the dataset.
        engine: ``duckdb`` or ``spark``.
        cores: Cores that the engine may use; on Spark, tasks at once.
        seconds: Wall-clock time of ``make build``: loading, models, tests and gates.
        peak_bytes: The most resident memory of all its processes.
    """

    ratings: int
    engine: str
    cores: int
    seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Line:
    """A build's time as a straight line: ``fixed`` seconds, and ``per_million`` ratings."""

    fixed: float
    per_million: float


def build(ratings: int, engine: str, cores: int, work: Path) -> Build:
    """Build generated ratings from nothing, and measure it."""
    data = generated(ratings, work)
    warehouse = work / f"{engine}-{ratings}-{cores}" / "warehouse.duckdb"
    warehouse.parent.mkdir(exist_ok=True)
    measured = measure(
        f"{ratings:,} ratings, {ENGINES[engine]}, {cores} cores",
        [
            *("make", "build", f"TARGET={engine}", f"DATASET={data}", f"WAREHOUSE={warehouse}"),
            *(f"THREADS={cores}", "MEMORY_LIMIT=4GB", "FULL=1", "KEEP=0"),
        ],
        DBT_TARGET_PATH=str(work / "target"),
        DBT_LOG_PATH=str(work / "logs"),
    )
    return Build(ratings, engine, cores, measured.seconds, measured.peak_bytes)


def line(builds: Sequence[Build]) -> Line:
    """Lay a straight line through the two largest builds of an engine."""
    small, large = sorted(builds, key=lambda build: build.ratings)[-2:]
    per_rating = (large.seconds - small.seconds) / (large.ratings - small.ratings)
    return Line(large.seconds - per_rating * large.ratings, per_rating * MILLION)


def pays_from(duckdb: Line, spark: Line, machines: int) -> float:
    """Tell from how many million ratings on a cluster is faster than DuckDB on one machine.

    The cluster's machines are like that one and share the work evenly, without loss; only the fixed
    time stays. Infinite where DuckDB is faster per rating even so.
    """
    gained = duckdb.per_million - spark.per_million / machines
    return max((spark.fixed - duckdb.fixed) / gained, 0.0) if gained > 0 else float("inf")


def page(
    builds: Sequence[Build], ratings: Sequence[int], cores: Sequence[int], versions: str
) -> str:
    """Write the measurements, and what follows for a cluster."""
    by_key = {(each.ratings, each.engine, each.cores): each for each in builds}
    columns = list(product(ENGINES, cores))
    names = [f"{ENGINES[engine]}, {_cores(count)}" for engine, count in columns]
    rows, ratios = [], []
    for size in ratings:
        shown = " | ".join(_cell(by_key[size, *column]) for column in columns)
        least, most = (by_key[size, engine, max(cores)].seconds for engine in ENGINES)
        ratios.append(most / least)
        rows.append(f"| {size:,} | {shown} | {ratios[-1]:.1f} |")
    lines = {
        engine: line([by_key[size, engine, max(cores)] for size in ratings]) for engine in ENGINES
    }
    largest = max(ratings)
    gain = {
        engine: by_key[largest, engine, min(cores)].seconds
        / by_key[largest, engine, max(cores)].seconds
        for engine in ENGINES
    }
    paper = "\n".join(
        f"| {count} | {_size(pays_from(lines['duckdb'], lines['spark'], count))} |"
        for count in MACHINES
    )
    said = "\n".join(
        f"- {ENGINES[engine]}: {each.fixed:.0f} s, and {each.per_million:.2f} s per million ratings"
        for engine, each in lines.items()
    )
    sizes = " ".join(map(str, ratings))
    return f"""# DuckDB and Spark, the same build

`make build` of generated ratings (`benchmarks/generate.py`, seed 0), from files to a published
warehouse: loading, models, data tests and gates. Seconds of wall-clock time, and the most memory of
all processes. Spark runs on one machine, in one process with as many tasks at once as it may use
cores; each build is measured once, with MEMORY_LIMIT=4GB.

| ratings | {" | ".join(names)} | Spark : DuckDB, {_cores(max(cores))} |
|---|{"---|" * (len(columns) + 1)}
{chr(10).join(rows)}

**On this machine Spark takes {min(ratios):.1f} to {max(ratios):.1f} times as long as DuckDB.**
With {_cores(max(cores))} instead of {_cores(min(cores))}, the largest build is
{gain["duckdb"]:.2f} times as fast on DuckDB, and {gain["spark"]:.2f} times on Spark. Most of
Spark's time at small sizes is fixed: each model and each test is a job of its own.

## From which size on a cluster pays

The two largest builds with {_cores(max(cores))} give, as straight lines:

{said}

If a cluster of such machines shared Spark's work evenly and without loss, it would be faster than
DuckDB on one of them from this size on:

| machines | ratings |
|---|---|
{paper}

This is a bound on paper, in the cluster's favour: shuffles over a network, the start of executors
and the catalogue's time come on top, and we have measured no cluster. One machine with more cores
is the better answer up to what its disk holds: DuckDB keeps to MEMORY_LIMIT and writes to disk
what does not fit. A cluster pays where the data already lies in a lake that one machine
cannot read in time, or cannot hold.

Machine: {machine()}. {versions}.

`python -m benchmarks.engines --ratings {sizes} --work FOLDER`, {datetime.now(UTC):%Y-%m-%d}.
"""


def _cell(build: Build) -> str:
    return f"{build.seconds:.0f} s, {build.peak_bytes / 1e9:.1f} GB"


def _cores(count: int) -> str:
    return f"{count} core" + "s" * (count > 1)


def _size(millions: float) -> str:
    if millions == float("inf"):
        return "never: DuckDB is faster per rating"
    return f"{float(f'{millions:.2g}'):,.0f} million"


def main() -> None:
    """Parse the command line, measure, and write the page."""
    most = os.cpu_count() or 1
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines")
    parser.add_argument("--work", type=Path, required=True, help="a folder for tens of GB")
    parser.add_argument("--ratings", type=int, nargs="+", default=RATINGS)
    parser.add_argument("--cores", type=int, nargs="+", default=[n for n in (1, 2, 4) if n <= most])
    options = parser.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    builds = [build(*key, work) for key in product(options.ratings, ENGINES, options.cores)]
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pyspark", "dbt-spark"))
    RESULT.write_text(page(builds, options.ratings, options.cores, versions), encoding="utf-8")


if __name__ == "__main__":
    main()
