"""Load a dataset into the candidate: ``python -m ingest --dataset ml-latest-small``.

Only what is new is read. The exit status says where nothing is.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from ingest.changes import load_changes
from ingest.datasets import dataset_folder
from warehouse.connection import connect
from warehouse.errors import tells_errors
from warehouse.publishing import NOTHING_NEW
from warehouse.settings import read_settings, whole_number


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, load, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest", description="Load a dataset's files into the raw tables."
    )
    parser.add_argument("--dataset", default="sample", help="a release's name, or a folder")
    parser.add_argument("--limit", type=whole_number("LIMIT", 1), help="only the first N ratings")
    parser.add_argument("--data", type=Path, default=Path("data"), help="where downloads go")
    options = parser.parse_args(arguments)
    console = Console()
    candidate = read_settings().candidate
    folder = dataset_folder(options.dataset, options.data, console)
    with console.status("Loading"), connect(candidate) as connection:
        loads = load_changes(
            connection,
            folder,
            options.limit,
            lambda file: console.out(f"Loading {file.path}", highlight=False),
        )
    if loads is None:
        console.print(f"All files of {folder} are loaded already.", highlight=False)
        return NOTHING_NEW
    for load in loads:
        rejected = f", {load.rejected_count:,} did not parse" if load.rejected_count else ""
        console.print(f"  {load.file.table}: {load.line_count:,} lines{rejected}", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
