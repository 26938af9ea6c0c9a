"""Try all faults and show what survived: ``python -m torture --rounds 3``."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from torture.faults import faults as all_faults
from torture.lab import BrokenError
from torture.trials import Result, show, torment
from warehouse.errors import tells_errors
from warehouse.settings import whole_number


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, try the faults, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m torture", description="Try faults on a warehouse, and show what survived."
    )
    parser.add_argument(
        "--rounds", type=whole_number("ROUNDS", 1), default=1, help="how often to try them all"
    )
    parser.add_argument("--seed", type=whole_number("SEED", 0), help="repeat an earlier run")
    parser.add_argument("--only", default="", help="only faults with this in their name")
    options = parser.parse_args(arguments)
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    console = Console(highlight=False)
    console.print(f"SEED={seed} repeats this run")
    faults = [fault for fault in all_faults() if options.only in fault.name]
    bar = Progress(
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
    )
    with tempfile.TemporaryDirectory(prefix="torture-") as folder, bar:
        task = bar.add_task(
            "building", total=options.rounds * sum(f.times for f in faults if not f.hindrance)
        )

        def report(name: str) -> None:
            bar.update(task, description=name, advance=1)

        try:
            results = torment(faults, Path(folder), seed, options.rounds, report)
        except BrokenError as error:
            console.print(f"It breaks even without a fault: {error}", markup=False)
            return 1
    show(results, console)
    return 0 if all(map(Result.is_good, results)) else 1


if __name__ == "__main__":
    sys.exit(main())
