"""Load a dataset into the candidate: ``python -m ingest --dataset ml-latest-small``.

Only what is new is read. The exit status says where nothing is.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from ingest.changes import load_changes
from ingest.datasets import dataset_folder
from ingest.load import Load
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
    named = "a release's name, a folder, or an address, which Spark reads"
    parser.add_argument("--dataset", default="sample", help=named)
    parser.add_argument("--limit", type=whole_number("LIMIT", 1), help="only the first N ratings")
    parser.add_argument("--data", type=Path, default=Path("data"), help="where downloads go")
    options = parser.parse_args(arguments)
    console = Console()
    loads = _load(options.dataset, options.data, options.limit, console)
    if loads is None:
        console.print(f"All files of {options.dataset} are loaded already.", highlight=False)
        return NOTHING_NEW
    for load in loads:
        rejected = f", {load.rejected_count:,} did not parse" if load.rejected_count else ""
        console.print(f"  {load.file.table}: {load.line_count:,} lines{rejected}", highlight=False)
    return 0


def _load(dataset: str, data: Path, limit: int | None, console: Console) -> list[Load] | None:
    def progress(path: str | Path) -> None:
        console.out(f"Loading {path}", highlight=False)

    if "://" in dataset:
        # Not at the top: only whoever has Spark can import it
        from ingest.spark import load_by_spark

        with console.status("Loading"):
            return load_by_spark(dataset, limit, progress)
    folder = dataset_folder(dataset, data, console)
    with console.status("Loading"), connect(read_settings().candidate) as connection:
        return load_changes(connection, folder, limit, progress)


if __name__ == "__main__":
    sys.exit(main())
