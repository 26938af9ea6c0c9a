"""The warehouse on Spark: Parquet files that Spark's SQL makes, and a DuckDB file that shows them.

``python -m warehouse.lake --give raw published --anew`` begins a lake with what was loaded,
``--give ml`` hands Spark what models wrote, ``--show`` lets the candidate's DuckDB file show what
Spark has built, and ``--settle`` makes of it a build that nobody writes to any more; ``--sql``
opens Spark's prompt on what is published.

The candidate's lake is a folder of one Parquet folder per table, with Spark's catalogue. The
published DuckDB file holds views of the files of one settled build, so that one rename publishes
both, and any number of readers can share them.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from warehouse.connection import BUILDS, connect, quoted
from warehouse.errors import UserError, tells_errors
from warehouse.settings import read_settings
from warehouse.spark import NO_CATALOGUE, require_spark, spark_settings
from warehouse.states import states
from warehouse.tables import source_columns, source_schema

LATEST = "latest"
"""A link to the build that was settled last, for programs that read files."""

KEPT_IN_DUCKDB = ("ml.*", "published.*", "quality.gate_results")
"""Tables that Python writes: they stay in the DuckDB file."""


def give(candidate: Path, lake: Path, source: str) -> None:
    """Write the tables of a source as Parquet files, in place of those that the lake has.

    Args:
        candidate: The candidate's DuckDB file, which holds them.
        lake: The candidate's lake.
        source: ``raw``, ``published`` or ``ml``.
    """
    schema = source_schema(source)
    with connect(candidate) as connection:
        there = {
            name
            for (name,) in connection.execute(
                f"select table_name from duckdb_tables() where schema_name = {quoted(schema)}"
            ).fetchall()
        }
        for table in source_columns(source):
            folder = lake / f"{schema}.db" / table
            # A file is never written over: a settled build may hold it under a second name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            if table in there:
                connection.execute(
                    f"copy {schema}.{table} to {quoted(folder / 'rows.parquet')} (format parquet)"
                )


def show(candidate: Path, lake: Path) -> None:
    """Let a DuckDB file show the tables of a lake, in place of what it showed before.

    Args:
        candidate: The file. What Python writes into it stays as it is.
        lake: The lake, or a settled build of it.
    """
    with connect(candidate) as connection:
        connection.begin()
        _drop_shown(connection)
        for folder in sorted(lake.glob("*.db/*")):
            schema, table = folder.parent.stem, folder.name
            if _stays(schema, table) or not any(folder.glob("*.parquet")):
                continue
            files = quoted(folder.resolve() / "*.parquet")
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(f"create view {schema}.{table} as from read_parquet({files})")
        connection.commit()


def settle(candidate: Path, lake: Path, warehouse: Path) -> Path:
    """Make a build of a lake, and let the candidate's DuckDB file show that.

    The build's files are those of the lake under a second name, which takes no time. Builds that
    no published file or kept state shows are removed.

    Args:
        candidate: The candidate's DuckDB file.
        lake: The candidate's lake.
        warehouse: The published DuckDB file.

    Returns:
        The build's folder.
    """
    builds = warehouse.parent / BUILDS
    builds.mkdir(exist_ok=True)
    numbers = [int(folder.name) for folder in builds.iterdir() if folder.name.isdecimal()]
    build = builds / str(max(numbers, default=0) + 1)
    for folder in sorted(lake.glob("*.db/*")):
        files = [*folder.glob("*.parquet")]
        if files:
            (build / folder.parent.name / folder.name).mkdir(parents=True)
        for file in files:
            os.link(file, build / folder.parent.name / folder.name / file.name)
    show(candidate, build)
    with connect(candidate) as connection:
        connection.execute(f"create or replace table main.lake as select {build.name} as build")
    (lake / "build").write_text(build.name)
    link = builds / f"{LATEST}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(build.name)
    link.replace(builds / LATEST)
    _remove_unused(builds, {int(build.name), *map(_build_of, _published(warehouse))})
    return build


def check_settled(candidate: Path, lake: Path) -> None:
    """Check that a training goes on where the published build ended.

    Raises:
        UserError: The lake holds another build than the candidate, a copy of the published file,
            shows; or there is none.
    """
    marker = lake / "build"
    if not marker.exists() or int(marker.read_text()) != _build_of(candidate):
        raise UserError(
            f"{lake} does not hold what is published: `make build TARGET=spark` builds it again."
        )
    marker.unlink()


def open_prompt(warehouse: Path) -> int:
    """Open Spark's SQL prompt on what a published DuckDB file shows; returns its exit status."""
    build = warehouse.parent.resolve() / BUILDS / str(_build_of(warehouse))
    folders = sorted(build.glob("*.db/*"))
    statements = [
        *(f"create schema {schema}" for schema in sorted({each.parent.stem for each in folders})),
        *(
            f"create view {each.parent.stem}.{each.name} as select * from parquet.`{each}`"
            for each in folders
        ),
    ]
    with TemporaryDirectory() as folder:
        first = Path(folder, "first.sql")
        # As one block: Spark says of each statement how long it took
        first.write_text("\n".join(["begin", *(f"{each};" for each in statements), "end;\n"]))
        # What is typed changes nothing that is published
        own = NO_CATALOGUE | {"spark.sql.warehouse.dir": f"{folder}/new"}
        settings = spark_settings() | own
        options = [f"--conf={name}={value}" for name, value in settings.items()]
        command = ["spark-sql", "-S", *options]
        environment = os.environ | {"PYSPARK_PYTHON": sys.executable}
        return subprocess.run([*command, "-i", str(first)], env=environment).returncode


def _published(warehouse: Path) -> list[Path]:
    kept = [state.path for state in states(warehouse)]
    return [warehouse, *kept] if warehouse.exists() else kept


def build_of(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Tell which build of a lake a DuckDB file shows; nothing where DuckDB built it itself."""
    try:
        ((build,),) = connection.execute("select build from main.lake").fetchall()
    except duckdb.CatalogException:
        return None
    return int(build)


def _build_of(file: Path) -> int:
    with connect(file, read_only=True) as connection:
        build = build_of(connection)
    if build is None:
        raise UserError(f"{file} was not built by Spark: name another WAREHOUSE.")
    return build


def _remove_unused(builds: Path, used: set[int]) -> None:
    for folder in builds.iterdir():
        if folder.name.isdecimal() and int(folder.name) not in used:
            shutil.rmtree(folder)


def _drop_shown(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what a lake's files take the place of: views of earlier ones, and what was loaded."""
    for kind in ("view", "table"):
        hidden = " where not internal" if kind == "view" else ""
        for schema, name in connection.execute(
            f"select schema_name, {kind}_name from duckdb_{kind}s(){hidden}"
        ).fetchall():
            if schema != "main" and not _stays(schema, name):
                connection.execute(f"drop {kind} {schema}.{name}")


def _stays(schema: str, table: str) -> bool:
    return f"{schema}.*" in KEPT_IN_DUCKDB or f"{schema}.{table}" in KEPT_IN_DUCKDB


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, do what it asks, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m warehouse.lake", description="Move tables between DuckDB and Spark."
    )
    parser.add_argument("--anew", action="store_true", help="begin an empty lake")
    parser.add_argument("--settled", action="store_true", help="is the lake what is published?")
    parser.add_argument("--give", nargs="+", default=[], help="sources that Spark is to read")
    parser.add_argument("--show", action="store_true", help="let DuckDB show what Spark has built")
    parser.add_argument("--sql", action="store_true", help="open Spark's SQL prompt")
    parser.add_argument("--settle", action="store_true", help="make a build that stays as it is")
    options = parser.parse_args(arguments)
    settings = read_settings()
    candidate, lake = settings.candidate, settings.lake
    require_spark()
    if options.anew:
        shutil.rmtree(lake, ignore_errors=True)
    if options.settled:
        check_settled(candidate, lake)
    for source in options.give:
        give(candidate, lake, source)
    if options.show:
        show(candidate, lake)
    if options.settle:
        settle(candidate, lake, settings.warehouse)
    return open_prompt(settings.warehouse) if options.sql else 0


if __name__ == "__main__":
    sys.exit(main())
