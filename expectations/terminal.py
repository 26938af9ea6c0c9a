"""Results of gates, shown in a terminal of 80 columns."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from expectations.bounds import read_bounds
from expectations.gates import GateResult
from warehouse.text import printable

STATUSES = {"pass": "passed", "fail": "failed", "accepted": "accepted", "not applicable": ""}


def show_summary(results: Sequence[GateResult], console: Console) -> None:
    """Print a line a suite: how many expectations ended how."""
    for suite in dict.fromkeys(result.suite for result in results):
        counts = Counter(result.status for result in results if result.suite == suite)
        ended = [
            f"{counts[status]} {STATUSES[status] or status}"
            for status in STATUSES
            if counts[status]
        ]
        console.print(f"{suite} gate: {', '.join(ended)}")


def show_failures(results: Sequence[GateResult], console: Console) -> None:
    """Print what was expected, what was found, rows that show it, and the way through."""
    bounds = read_bounds()
    for result in results:
        if result.status not in ("fail", "accepted"):
            continue
        console.print()
        console.print(f"{result.expectation}: {STATUSES[result.status]}", style="bold")
        table = Table.grid(padding=(0, 2))
        table.add_row("  expected", _plain(result.expected))
        table.add_row("  found", _plain(result.found))
        for number, example in enumerate((result.examples or "").split("\n")):
            table.add_row("" if number else "  such as", _plain(example))
        table.add_row("  because", _plain(bounds[result.suite][result.expectation].reason))
        console.print(table)
    failed = [result.expectation for result in results if result.status == "fail"]
    if failed:
        text = Text(f"If it is meant to be so, say so: ACCEPT='{' '.join(failed)}' with make.")
        console.print()
        console.print(Padding(text, 0))


def show_list(results: Sequence[GateResult], console: Console) -> None:
    """Print a row an expectation: how it ended, and what was found."""
    table = Table(box=None, pad_edge=False)
    for heading in ("expectation", "status", "found"):
        table.add_column(heading)
    for result in results:
        table.add_row(result.expectation, result.status, _plain(result.found))
    console.print(table)


def _plain(text: str) -> Text:
    """Show text as it stands: no markup, and nothing that steers a terminal."""
    return Text(printable(text))
