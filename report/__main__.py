"""Print the summary of the published warehouse: ``python -m report``."""

import os
import sys
from pathlib import Path

from rich.console import Console

from report.summary import summarise
from warehouse.connection import connect
from warehouse.errors import UserError


def main() -> int:
    """Print the summary and return the exit status."""
    warehouse = Path(os.environ.get("REELHOUSE_WAREHOUSE", "warehouse.duckdb"))
    try:
        with connect(warehouse, read_only=True) as connection:
            Console(highlight=False).print(summarise(connection, warehouse))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
