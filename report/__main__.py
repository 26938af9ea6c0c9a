"""Print the summary of the published warehouse: ``python -m report``."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from report.summary import summarise
from warehouse.errors import tells_errors
from warehouse.published import read_published
from warehouse.settings import read_settings


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Print the summary and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m report", description="Say what the published warehouse holds."
    )
    parser.add_argument("--svg", type=Path, help="also write it as a picture")
    options = parser.parse_args(arguments)
    warehouse = read_settings().warehouse
    console = Console(highlight=False, record=True, width=80 if options.svg else None)
    with read_published(warehouse) as connection:
        console.print(summarise(connection, warehouse))
    if options.svg:
        console.save_svg(str(options.svg), title="make")
    return 0


if __name__ == "__main__":
    sys.exit(main())
