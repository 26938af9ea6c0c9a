"""Candidates and how they are published: one writer, many readers.

A build or a training works on a candidate file. Once its commands have succeeded, the candidate
is copied beside the published file, which a single rename then replaces. A reader sees the old
file or the new one; a reader who has the old one open goes on reading it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import cast

import duckdb

from warehouse.connection import connect, insert_rows, quoted, user_errors, write_ahead_log
from warehouse.errors import DamagedError, UserError
from warehouse.locking import only_writer
from warehouse.published import read_published, stamp
from warehouse.settings import candidate_path
from warehouse.states import replace
from warehouse.tables import create_tables, describe_tables, source_columns, source_schema

ROOT = Path(__file__).parents[1]

FIGURES = """
select comparison.dataset, figures.figure, figures.subject, figures.value, figures.basis_count
from gates.comparison
cross join (from gates.raw_figures union all by name from gates.mart_figures) as figures
where figures.value != 0
"""
"""What a published file is in numbers, for later builds to compare with."""


NOTHING_NEW = 75
"""The exit status of a command that found nothing to do: nothing is published, and all is well."""

MOST_FREE = 0.2
"""From this share of free blocks on, a file is compacted when it is published."""

CARRIED = ("features", "intermediate", "gates", "predictions")
"""Schemas with relations that a training makes."""


class Start(StrEnum):
    """What a candidate starts from."""

    EMPTY = "empty"
    """An empty file that takes over the published runs and gate results: a build of everything."""
    CHANGES = "changes"
    """A copy of the published file, where the same code and variables built it, for a build of what
    changed; else as ``empty``."""
    PUBLISHED = "published"
    """A copy of the published file: a training."""
    CANDIDATE = "candidate"
    """The candidate as it is: publishing what a plain ``dbt build`` made."""


def models_folder(warehouse: Path) -> Path:
    """Name the folder of a published file's saved models: beside it, one folder per run."""
    return warehouse.with_name(warehouse.stem + ".models")


def publish_after(warehouse: Path, start: Start, command: Sequence[str]) -> int:
    """Prepare a candidate, run a command on it, and publish it if the command succeeds.

    Args:
        warehouse: The published file, which need not exist yet.
        start: What the candidate starts from.
        command: A program and its arguments. It finds the candidate's path in the environment
            variable ``REELHOUSE_CANDIDATE``.

    Returns:
        The command's exit status, or 0 where that is :data:`NOTHING_NEW`; the published file
        changes only if the command's is 0.

    Raises:
        UserError: There is nothing to start from, the command does not exist, a setting is wrong,
            or disk or memory run out.
    """
    candidate = candidate_path(warehouse)
    try:
        with only_writer(candidate) as lock:
            _prepare(candidate, warehouse, start)
            status = _run(command, candidate, lock)
            if status == 0:
                _publish(candidate, warehouse, start)
    except OSError as error:
        raise UserError(f"{warehouse} cannot be published: {error}") from error
    return 0 if status == NOTHING_NEW else status


def _run(command: Sequence[str], candidate: Path, lock: int) -> int:
    environment = os.environ | {"REELHOUSE_CANDIDATE": str(candidate)}
    try:
        # The command inherits the lock, so that it is held even after this process is killed
        return subprocess.run(command, env=environment, pass_fds=[lock]).returncode
    except OSError as error:
        raise UserError(f"{command[0]} cannot be run: {error}") from error


def _prepare(candidate: Path, warehouse: Path, start: Start) -> None:
    if start is Start.CANDIDATE:
        if not candidate.exists():
            raise UserError(f"There is no candidate at {candidate}: `make build` makes one.")
        if warehouse.exists():
            _take_over_figures(candidate, warehouse)
        return
    if start is Start.PUBLISHED:
        with read_published(warehouse):
            pass
    _remove(candidate)
    if start is Start.PUBLISHED:
        shutil.copyfile(warehouse, candidate)
    elif warehouse.exists():
        try:
            if start is Start.CHANGES and _built_by(warehouse) == code_digest():
                shutil.copyfile(warehouse, candidate)
                with connect(candidate) as connection:
                    create_tables(connection, "raw")
                    connection.execute("truncate raw.changed_ratings")
            else:
                _take_over_runs(candidate, warehouse)
            _take_over_figures(candidate, warehouse)
        except DamagedError as error:
            aside = _put_aside(warehouse)
            print(f"{error} What is left of it, with its runs, is in {aside}.", file=sys.stderr)
            _remove(candidate)


def code_digest() -> str:
    """Digest what decides how lines become relations: the code, its variables, and DuckDB."""
    digest = hashlib.sha256(f"{duckdb.__version__} {os.environ.get('VARS', '')}".encode())
    for folder in ("dbt_project", "ingest"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".sql", ".yml", ".py") and not {"target", "logs"} & set(path.parts):
                digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _code_of(start: Start, warehouse: Path) -> str | None:
    """Tell by which code a candidate was built; a training leaves what it found."""
    if start is Start.CANDIDATE:
        return None
    return _built_by(warehouse) if start is Start.PUBLISHED else code_digest()


def _built_by(warehouse: Path) -> str | None:
    """Read the digest of what built a published file; ``None`` where there is none to know."""
    try:
        with read_published(warehouse) as connection:
            ((built_by,),) = connection.execute(
                "select built_by from main.warehouse_format"
            ).fetchall()
    except DamagedError:
        raise
    except UserError:
        return None
    return cast("str | None", built_by)


def _take_over_runs(candidate: Path, warehouse: Path) -> None:
    """Copy the published runs and gate results: a build from other files keeps them."""
    with connect(warehouse, read_only=True):
        pass  # A file that is not DuckDB's is refused here, and stays where it is
    with connect(candidate) as connection, user_errors(warehouse):
        for source in ("ml", "gates"):
            create_tables(connection, source)
        connection.execute(f"attach {quoted(warehouse)} as published (read_only)")
        published = set(
            connection.execute(
                "select schema_name, table_name from duckdb_tables()"
                " where database_name = 'published'"
            ).fetchall()
        )
        for source in ("ml", "gates"):
            schema = source_schema(source)
            for table in source_columns(source):
                if (schema, table) in published:
                    name = f"{schema}.{table}"
                    connection.execute(f"insert into {name} by name from published.{name}")
        if ("ml", "models") not in published:
            connection.execute(AS_BEFORE_FORMAT_3)


AS_BEFORE_FORMAT_3 = """
update ml.runs set protocol = 'serving' where protocol is null;
insert into ml.models (model, role, serving_rank) values
    ('rating_clusters', 'clusters', 1),
    ('user_segments', 'segments', 1),
    ('matrix_factorisation', 'baseline', null),
    ('embedding', 'ratings', 1),
    ('boosting', 'ratings', null),
    ('ease', 'lists', 2),
    ('ranker', 'lists', 1)
"""
"""Says of the runs of earlier releases what these left unsaid; training says it anew."""


def _take_over_figures(candidate: Path, warehouse: Path) -> None:
    """Copy the figures that gates compare with, or a row without a dataset if none can be read."""
    try:
        with read_published(warehouse) as connection:
            figures = connection.execute(FIGURES).fetchall()
    except DamagedError:
        raise
    except (UserError, duckdb.CatalogException):
        figures = [(None, None, None, None, None)]
    with connect(candidate) as connection:
        create_tables(connection, "published")
        connection.execute("truncate published.figures")
        insert_rows(connection, "published.figures", figures)


def _put_aside(damaged: Path) -> Path:
    """Rename a damaged file to a name that no file has yet, and return its new path."""
    names = (f"{damaged.name}.damaged{number}" for number in ("", *range(2, 1_000)))
    aside = next(path for name in names if not (path := damaged.with_name(name)).exists())
    return damaged.rename(aside)


def _remove(file: Path) -> None:
    """Remove a database file, and what a killed process may have left beside it."""
    file.unlink(missing_ok=True)
    write_ahead_log(file).unlink(missing_ok=True)
    shutil.rmtree(file.with_name(file.name + ".tmp"), ignore_errors=True)


def _publish(candidate: Path, warehouse: Path, start: Start) -> None:
    new = warehouse.with_name(warehouse.name + ".publishing")
    _remove(new)
    try:
        with connect(Path(":memory:")) as connection, user_errors(candidate):
            connection.execute(f"attach {quoted(candidate)} as candidate")
            if start in (Start.EMPTY, Start.CHANGES) and _built_by(warehouse):
                _carry_over_training(connection, warehouse)
            describe_tables(connection, "candidate")
            stamp(connection, "candidate", _code_of(start, warehouse))
            is_compact = _free_share(connection) < MOST_FREE
            if not is_compact:
                connection.execute(f"attach {quoted(new)} as compact")
                connection.execute("copy from database candidate to compact")
                connection.execute("detach compact")
            connection.execute("detach candidate")
        if is_compact:
            shutil.copyfile(candidate, new)
        _flush(new)
        replace(warehouse, new)
    except BaseException:
        # Half a copy is of no use, and the disk may be full of it
        _remove(new)
        raise
    _flush(warehouse.parent)


def _carry_over_training(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Copy what a training made of the same dataset, since a build makes none of it."""
    connection.execute(f"attach {quoted(warehouse)} as published (read_only)")
    if _dataset(connection, "candidate") == _dataset(connection, "published"):
        connection.execute("use candidate")
        for schema, name, definition in connection.execute(LACKING).fetchall():
            connection.execute(f"create schema if not exists {schema}")
            table = f"create table {schema}.{name} as from published.{schema}.{name}"
            connection.execute(definition or table)
        connection.execute("use memory")
    connection.execute("detach published")


def _dataset(connection: duckdb.DuckDBPyConnection, database: str) -> object:
    """Name what a database holds; ``None`` where nothing was loaded into it."""
    try:
        rows = connection.execute(f"select distinct dataset from {database}.raw.loads").fetchall()
    except duckdb.CatalogException:
        return None
    return rows or None


LACKING = f"""
with relations as (
    select database_name, schema_name, table_name as name, table_oid as number, null as definition
    from duckdb_tables()
    union all
    select database_name, schema_name, view_name, view_oid, sql
    from duckdb_views()
)
select schema_name, name, definition
from relations
where database_name = 'published' and schema_name in {CARRIED}
    and (schema_name, name) not in (
        select (schema_name, name) from relations where database_name = 'candidate'
    )
order by number
"""
"""Relations that the published file has and the candidate lacks, each after those that it reads."""


def _free_share(connection: duckdb.DuckDBPyConnection) -> float:
    """Tell which share of the candidate's blocks nothing is in, 0 to 1."""
    connection.execute("checkpoint candidate")
    ((share,),) = connection.execute(
        "select free_blocks / greatest(total_blocks, 1) from pragma_database_size()"
        " where database_name = 'candidate'"
    ).fetchall()
    return float(share)


def _flush(path: Path) -> None:
    """Wait until the disk holds the file or folder, so that a power cut cannot undo the rename."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
