"""Build the same data on DuckDB and on Spark, and compare every relation of the marts.

``python -m benchmarks.parity DATASET ... --work FOLDER`` builds and trains each dataset on DuckDB,
builds it on Spark, lets Spark judge what the models wrote for DuckDB, and compares by EXCEPT in
both directions. A dataset is a release's name, a folder, which Spark also loads by itself, or one
of ``benchmarks/hostile.py``, which are only built. Those after ``--quick`` are trained as ``make
train TARGET=spark`` does, without the features that ``EFFORT=full`` alone reads. ``--resume``
compares what an earlier run made in the same folder, and makes the rest. It writes
``benchmarks/parity.md``, unless ``--no-page``; the exit status is 1 where anything differs.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.hostile import HOSTILE, write_hostile
from benchmarks.measuring import ROOT, machine
from warehouse.connection import connect, quoted
from warehouse.equality import PLACES, SINGLE, TOLERANCE, Compared, compare
from warehouse.tables import create_tables, source_columns

RESULT = Path(__file__).with_suffix(".md")

SCHEMAS = ("raw", "core", "quality", "analytics", "features", "predictions", "gates")

UNITS = "--exclude-resource-type unit_test"

FULL_ONLY = ("stack_features", "stack_session_features")
"""What ``EFFORT=full`` alone reads. Of millions of ratings that is left out."""

FEATURES = "tag:training,+marts.features --exclude source:ml+"

JUDGING = "path:models/intermediate/judging path:models/marts/predictions"

TRAIN_LIKE = """
python -m warehouse.lake --settled
python -m warehouse.dbt build {project} --select {features}
python -m benchmarks.parity --copy-models {duckdb}
python -m warehouse.lake --give ml
python -m warehouse.dbt build {project} --select source:ml+ {judging}
python -m warehouse.lake --show
python -m expectations --suites predictions
python -m warehouse.lake --settle
"""
"""What ``make train TARGET=spark`` does, but that the fits are those of the DuckDB warehouse."""


@dataclass(frozen=True)
class Parity:
    """How two engines' warehouses of one dataset compare.

    Attributes:
        name: The dataset's name.
        ratings: Its lines of ratings.
        relations: What came of each relation.
    """

    name: str
    ratings: int
    relations: list[Compared]


def check(
    dataset: str,
    work: Path,
    *,
    is_trained: bool,
    left_out: Sequence[str] = (),
    is_made: bool = False,
) -> Parity:
    """Make a dataset's warehouse on both engines, unless an earlier run did, and compare.

    Args:
        dataset: A release's name, a folder, or one of :data:`HOSTILE`.
        work: The folder of the warehouses.
        is_trained: Whether models are fitted too.
        left_out: Models of ``features`` that Spark does not make.
        is_made: Whether an earlier run made both.
    """
    name = Path(dataset).name
    duckdb, spark = work / f"{name}.duckdb", work / f"{name}.spark" / "warehouse.duckdb"
    if not is_made:
        _build(dataset, duckdb, spark)
        if is_trained:
            _train(duckdb, spark, left_out)
        _marker(dataset, work).touch()
    with connect(duckdb, read_only=True) as connection:
        ((ratings,),) = connection.execute(
            "select sum(line_count) from raw.loads where table_name = 'ratings'"
        ).fetchall()
    compared = compare(duckdb, spark, schemas=SCHEMAS)
    relations = [each for each in compared if each.relation.split(".")[1] not in left_out]
    return Parity(name, int(ratings), relations)


def _marker(dataset: str, work: Path) -> Path:
    """Name the file that says that a dataset's warehouses were made, whole."""
    return work / f"{Path(dataset).name}.made"


def _build(dataset: str, duckdb: Path, spark: Path) -> None:
    folder, variables = dataset, ""
    if dataset in HOSTILE:
        folder = str(write_hostile(dataset, duckdb.parent / "datasets"))
        variables = "{max_quarantined_pct: 100}"
    # Spark loads by itself what it has an address of
    address = f"file://{Path(folder).resolve()}" if Path(folder).is_dir() else folder
    spark.parent.mkdir(parents=True, exist_ok=True)
    for files, target, path in ((folder, "duckdb", duckdb), (address, "spark", spark)):
        words = [f"DATASET={files}", f"TARGET={target}", f"WAREHOUSE={path}", f"VARS={variables}"]
        _run(["make", "build", *words, "FULL=1"])


def _train(duckdb: Path, spark: Path, left_out: Sequence[str]) -> None:
    """Fit on DuckDB, and let both engines judge the fits."""
    _run(["make", "train", f"WAREHOUSE={duckdb}"])
    project = f"--project-dir dbt_project --profiles-dir . --target spark --fail-fast {UNITS}"
    features = " ".join([FEATURES, *left_out])
    script = TRAIN_LIKE.format(project=project, features=features, judging=JUDGING, duckdb=duckdb)
    staged = [sys.executable, "-m", "warehouse", "--start", "published", "--"]
    _run([*staged, "sh", "-ec", script], REELHOUSE_WAREHOUSE=str(spark))


def copy_models(duckdb: Path, candidate: Path) -> None:
    """Put what models wrote into one warehouse into another one's candidate."""
    with connect(candidate) as connection:
        create_tables(connection, "ml")
        connection.execute(f"attach {quoted(duckdb)} as trained (read_only)")
        for table in source_columns("ml"):
            connection.execute(f"truncate ml.{table}")
            connection.execute(f"insert into ml.{table} by name from trained.ml.{table}")


def _run(command: Sequence[str], **environment: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path} | environment, check=True)


def page(found: Sequence[Parity], command: str) -> str:
    """Write what was compared, relation by relation."""
    names = sorted({each.relation for parity in found for each in parity.relations})
    lines = [
        f"| relation | {' | '.join(parity.name for parity in found)} |",
        f"|---|{'---|' * len(found)}",
    ]
    for name in names:
        cells = []
        for parity in found:
            cells.append(" ".join(_cell(of) for of in parity.relations if of.relation == name))
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    sizes = "; ".join(f"{parity.name}, {parity.ratings:,}" for parity in found)
    differing = [each.difference for of in found for each in of.relations if each.difference]
    verdict = "".join(f"\n- {sentence}" for sentence in differing) or " None."
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pyspark", "dbt-spark"))
    return f"""# Two engines, one warehouse

The same models build the same data on DuckDB and on Spark. Each relation is compared by EXCEPT in
both directions, with the names and types of its columns and with nulls; floats may differ by
{TOLERANCE:g} of the larger one, as sums depend on their order, those that are kept in single
precision by two of its last digits ({SINGLE:.0e}), and those that are rounded to {PLACES} decimals
by the last of these. Each engine loads the files of a folder by itself; those of a release that was
downloaded come to Spark as raw tables. Fits are made once: both engines judge the same predictions.
Left aside are columns that say when something was made.

A cell gives the rows of both; in brackets, how many of them differ in the last digits alone.
`benchmarks/hostile.py` writes the small datasets: "hostile" has duplicates in ties, nulls, strange
titles and times at the edges. Where a relation of features or predictions has no cell, the dataset
was built and not trained. The features of stacks, which `EFFORT=full` alone reads, are left out
where there are millions of ratings: Spark sums a window anew for each row, so that its time grows
with the square of what a user, a movie or a month has.

{chr(10).join(lines)}

Differences:{verdict}

Lines of ratings: {sizes}. What builds take on both engines is measured
[on a page of its own](engines.md).

Machine: {machine()}. {versions}.

`{command}`, {datetime.now(UTC):%Y-%m-%d}.
"""


def _cell(compared: Compared) -> str:
    if compared.difference:
        return "**differs**"
    close = f" ({compared.close_count:,})" if compared.close_count else ""
    return f"{compared.counts[0]:,}{close}"


def main() -> int:
    """Parse the command line, compare, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity")
    parser.add_argument("datasets", nargs="*", help="names of releases, folders, or hostile")
    parser.add_argument("--work", type=Path, help="a folder for the warehouses")
    parser.add_argument(
        "--quick", nargs="+", default=[], help="datasets of which Spark makes no stack's features"
    )
    parser.add_argument("--resume", action="store_true", help="go on after a run that stopped")
    parser.add_argument("--no-page", action="store_true", help="write no page")
    parser.add_argument("--copy-models", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.copy_models:
        copy_models(options.copy_models, Path(os.environ["REELHOUSE_CANDIDATE"]))
        return 0
    datasets = [*options.datasets, *options.quick]
    if not (datasets and options.work):
        parser.error("datasets and --work are needed")
    options.work.mkdir(parents=True, exist_ok=True)
    work = options.work.resolve()
    found = []
    for dataset in datasets:
        parity = check(
            dataset,
            work,
            is_trained=dataset not in HOSTILE,
            left_out=FULL_ONLY if dataset in options.quick else (),
            is_made=options.resume and _marker(dataset, work).exists(),
        )
        found.append(parity)
    for parity in found:
        equal = sum(not each.difference for each in parity.relations)
        print(f"{parity.name}: {equal} of {len(parity.relations)} relations are equal")
        for each in parity.relations:
            if each.difference:
                print(f"  {each.difference}")
    if not options.no_page:
        given = [*options.datasets, *(["--quick", *options.quick] if options.quick else [])]
        names = " ".join(Path(word).name for word in given)
        command = f"python -m benchmarks.parity {names} --work FOLDER"
        RESULT.write_text(page(found, command), encoding="utf-8")
    return int(any(each.difference for parity in found for each in parity.relations))


if __name__ == "__main__":
    sys.exit(main())
