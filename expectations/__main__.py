"""Check the gates: ``python -m expectations --suites raw``.

What is checked is the candidate, or where there is none the published file. Results are added to
the candidate's ``quality.gate_results``; a published file stays as it is.

``--after`` takes the command that builds what is checked: Great Expectations, which takes seconds
to start, starts beside it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
from rich.console import Console

from expectations.gates import GATES, GateResult, Gates, store
from expectations.terminal import show_failures, show_list, show_summary
from warehouse.connection import connect
from warehouse.errors import tells_errors
from warehouse.locking import start_holding
from warehouse.published import read_published
from warehouse.settings import read_settings


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, check, and return the exit status: 1 where a gate failed."""
    parser = argparse.ArgumentParser(
        prog="python -m expectations", description="Check the gates of a warehouse."
    )
    parser.add_argument("--suites", nargs="+", choices=GATES, default=GATES)
    parser.add_argument("--list", action="store_true", help="show each expectation")
    parser.add_argument(
        "--docs", type=Path, help="render data docs into this folder, and neither store nor judge"
    )
    parser.add_argument(
        "--after", nargs=argparse.REMAINDER, default=[], help="run this command before, to the end"
    )
    options = parser.parse_args(arguments)
    settings = read_settings()
    warehouse, candidate = settings.warehouse, settings.candidate
    console = Console(highlight=False, markup=False)
    if options.after:
        with start_holding(options.after) as build:
            gates = Gates(settings.accept)
        if build.returncode:
            return build.returncode
    else:
        with console.status("Starting Great Expectations"):
            gates = Gates(settings.accept)
    if candidate.exists():
        with connect(candidate) as connection:
            results = check(gates, connection, options.suites)
            if not options.docs:
                store(connection, results)
    else:
        with read_published(warehouse) as connection:
            results = check(gates, connection, options.suites)
    if options.docs:
        console.print(f"Open {gates.render(options.docs)} in a browser", soft_wrap=True)
        return 0
    if options.list:
        console.print(f"{candidate if candidate.exists() else warehouse}", soft_wrap=True)
        show_list(results, console)
    show_summary(results, console)
    show_failures(results, console)
    if all(result.status != "fail" for result in results):
        return 0
    if candidate.exists():
        console.print(f"The candidate is kept: {candidate}", soft_wrap=True)
    return 1


def check(
    gates: Gates, connection: duckdb.DuckDBPyConnection, suites: Sequence[str]
) -> list[GateResult]:
    """Check gates in the order of the borders."""
    return [result for gate in GATES if gate in suites for result in gates.check(connection, gate)]


if __name__ == "__main__":
    sys.exit(main())
