"""Try faults one after the other, and show in a table what became of them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from torture.lab import BrokenError, Lab, RowsLostError, WrongStateError
from warehouse.errors import UserError


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        name: What goes wrong, in a few words.
        attempt: Make it go wrong once, and raise a :class:`BrokenError` if something that
            must hold then does not.
        times: How often a round tries it.
        needs_build: Whether it takes a lab of whole builds, not of loads alone.
        hindrance: Why this system lets nobody try it; empty if it does.
    """

    name: str
    attempt: Callable[[Lab], None]
    times: int
    needs_build: bool = False
    hindrance: str = ""


@dataclass
class Result:
    """What became of a fault.

    Attributes:
        name: The fault.
        hindrance: Why it was not tried; empty if it was.
        tried: How often it was tried.
        not_tried: How often it should have been tried, and was not.
        failures: What did not hold, and in which trial.
        rows_lost: Trials that lost rows.
        wrong_states: Trials that published a wrong state.
    """

    name: str
    hindrance: str = ""
    tried: int = 0
    not_tried: int = 0
    failures: list[str] = field(default_factory=list)
    rows_lost: int = 0
    wrong_states: int = 0

    def is_good(self) -> bool:
        """Tell whether each trial was survived."""
        return not self.failures


def torment(
    faults: Sequence[Fault],
    folder: Path,
    seed: int,
    rounds: int,
    report: Callable[[str], None] = lambda name: None,
) -> list[Result]:
    """Try faults.

    Args:
        faults: The faults.
        folder: An empty folder for the warehouses.
        seed: Fixes moments, places and bytes. How far a process is by then remains chance.
        rounds: How many rounds; each tries a fault its number of times.
        report: Called with a fault's name before each trial.

    Returns:
        One result for each fault.
    """
    generator = random.Random(seed)
    labs: dict[bool, Lab] = {}
    results = [Result(fault.name, fault.hindrance) for fault in faults]
    for _ in range(rounds):
        for fault, result in zip(faults, results, strict=True):
            if fault.hindrance:
                result.not_tried += fault.times
                continue
            if fault.needs_build not in labs:
                place = folder / ("built" if fault.needs_build else "loaded")
                labs[fault.needs_build] = Lab(place, generator, is_built=fault.needs_build)
            for _ in range(fault.times):
                report(fault.name)
                _try(fault, labs[fault.needs_build], result)
    return results


def _try(fault: Fault, lab: Lab, result: Result) -> None:
    result.tried += 1
    try:
        fault.attempt(lab)
        lab.published()
    except (BrokenError, UserError) as error:
        result.failures.append(f"trial {result.tried}: {error}")
        result.rows_lost += isinstance(error, RowsLostError)
        result.wrong_states += isinstance(error, WrongStateError | UserError)
        lab.mend()


def show(results: Sequence[Result], console: Console) -> None:
    """Print the failures, and a table of all faults with the sums."""
    for result in results:
        for failure in result.failures:
            console.print(f"{result.name}, {failure}\n", markup=False)
    table = Table(box=None, pad_edge=False, show_footer=True)
    table.add_column("fault", "all")
    numbers = [
        (r.not_tried, r.tried, r.tried - len(r.failures), r.rows_lost, r.wrong_states)
        for r in results
    ]
    headings = ("not tried", "tried", "survived", "rows lost", "wrong states")
    for heading, values in zip(headings, zip(*numbers, strict=True), strict=True):
        table.add_column(heading, f"{sum(values):,}", justify="right")
    for result, row in zip(results, numbers, strict=True):
        reason = f"\n  not tried: {result.hindrance}" if result.hindrance else ""
        table.add_row(result.name + reason, *(f"{number:,}" for number in row))
    console.print(table)
