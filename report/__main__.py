"""Print the summary of the published warehouse: ``python -m report``."""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from report.summary import summarise
from warehouse.errors import UserError
from warehouse.published import read_published


def main(arguments: list[str] | None = None) -> int:
    """Print the summary and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m report", description="Say what the published warehouse holds."
    )
    parser.add_argument("--svg", type=Path, help="also write it as a picture")
    options = parser.parse_args(arguments)
    warehouse = Path(os.environ.get("REELHOUSE_WAREHOUSE", "warehouse.duckdb"))
    console = Console(highlight=False, record=True, width=80 if options.svg else None)
    try:
        with read_published(warehouse) as connection:
            console.print(summarise(connection, warehouse))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    if options.svg:
        console.save_svg(str(options.svg), title="make")
    return 0


if __name__ == "__main__":
    sys.exit(main())
