"""Run a command on a candidate and publish it: ``python -m warehouse --start empty -- make x``."""

import argparse
import sys

from warehouse.errors import tells_errors
from warehouse.publishing import Start, publish_after
from warehouse.settings import read_settings


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m warehouse",
        description="Run a command on a candidate warehouse and publish it if that succeeds.",
    )
    parser.add_argument("--start", type=Start, choices=list(Start), required=True)
    parser.add_argument("command", nargs="+", help="the command, after --")
    options = parser.parse_args(arguments)
    warehouse = read_settings().warehouse
    status = publish_after(warehouse, options.start, options.command)
    if status != 0:
        kept = f"{warehouse} is unchanged" if warehouse.exists() else f"{warehouse} was not made"
        print(f"Nothing was published: {kept}.", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
