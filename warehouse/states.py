"""The states of a warehouse: kept beside it, listed, and restored.

``python -m warehouse.states`` lists them; with ``--restore`` the latest becomes the published file
again, or with ``--number`` another one.
"""

import argparse
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from warehouse.connection import connect, write_ahead_log
from warehouse.errors import UserError, tells_errors
from warehouse.locking import only_writer
from warehouse.published import check_whole
from warehouse.settings import candidate_path, read_settings, whole_number


@dataclass(frozen=True)
class State:
    """A published file that another one replaced.

    Attributes:
        number: One more than that of the state before, whatever the clock says.
        path: The file.
    """

    number: int
    path: Path


def states_folder(warehouse: Path) -> Path:
    """Name the folder of a published file's earlier states: beside it."""
    return warehouse.with_name(warehouse.stem + ".states")


def states(warehouse: Path) -> list[State]:
    """List the kept states of a warehouse, the latest first."""
    paths = states_folder(warehouse).glob("*.duckdb")
    found = [State(int(path.stem), path) for path in paths if path.stem.isdecimal()]
    return sorted(found, key=lambda state: -state.number)


def replace(warehouse: Path, new: Path) -> None:
    """Put a new file in the place of the published one, which becomes a state.

    At each moment the published file is the old one or the new one, whole. A state is the
    published file under a second name, so keeping it takes no time.

    Raises:
        UserError: A setting is wrong; nothing has changed then.
    """
    kept = read_settings().keep
    if kept and warehouse.exists() and not _is_kept(warehouse):
        folder = states_folder(warehouse)
        folder.mkdir(exist_ok=True)
        number = max((state.number for state in states(warehouse)), default=0) + 1
        _link(warehouse, folder / f"{number}.duckdb")
    # Left there, DuckDB would apply the log of the old file to the new one
    write_ahead_log(warehouse).unlink(missing_ok=True)
    new.replace(warehouse)
    for state in states(warehouse)[kept:]:
        state.path.unlink()


def restore(warehouse: Path, number: int | None) -> State:
    """Publish a state again; what was published until now becomes a state.

    Args:
        warehouse: The published file.
        number: The state's number, or ``None`` for the latest.

    Returns:
        The state that was restored.

    Raises:
        UserError: There is no such state, or it is damaged.
    """
    found = [state for state in states(warehouse) if number in (None, state.number)]
    if not found:
        wanted = "earlier state" if number is None else f"state {number}"
        raise UserError(f"There is no {wanted} of {warehouse}: `make states` lists them.")
    check_whole(found[0].path)
    replace(warehouse, found[0].path)
    return found[0]


def _is_kept(warehouse: Path) -> bool:
    """Tell whether the published file is a state already, as after a crash before the rename."""
    return any(state.path.samefile(warehouse) for state in states(warehouse))


def _link(existing: Path, new: Path) -> None:
    """Give a file a second name, or a copy where the disk has no hard links."""
    try:
        os.link(existing, new)
    except OSError:
        shutil.copy2(existing, new)


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """List the states, or restore one, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m warehouse.states",
        description="List the published states that are kept, or restore one.",
    )
    parser.add_argument("--restore", action="store_true", help="publish the latest state again")
    parser.add_argument(
        "--number", type=whole_number("STATE", 1), help="restore this state, not the latest"
    )
    options = parser.parse_args(arguments)
    warehouse = read_settings().warehouse
    if options.restore:
        with only_writer(candidate_path(warehouse)):
            state = restore(warehouse, options.number)
        print(f"{warehouse} is state {state.number} again. The one before it is kept too.")
    else:
        Console(highlight=False).print(_table(warehouse))
    return 0


def _table(warehouse: Path) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("state")
    table.add_column("published (UTC)")
    for heading in ("MB", "ratings", "runs"):
        table.add_column(heading, justify="right")
    rows = [(str(state.number), state.path) for state in states(warehouse)]
    for name, path in [("now", warehouse), *rows] if warehouse.exists() else rows:
        status = path.stat()
        published_at = datetime.fromtimestamp(status.st_mtime, UTC)
        size = f"{status.st_size / 1e6:,.1f}"
        table.add_row(name, f"{published_at:%Y-%m-%d %H:%M:%S}", size, *_counts(path))
    return table


def _counts(path: Path) -> tuple[str, str]:
    try:
        with connect(path, read_only=True) as connection:
            ((ratings, runs),) = connection.execute(
                "select (select count(*) from core.fct_ratings), (select count(*) from ml.runs)"
            ).fetchall()
    except (UserError, duckdb.Error):
        return "unreadable", ""
    return f"{ratings:,}", f"{runs:,}"


if __name__ == "__main__":
    sys.exit(main())
