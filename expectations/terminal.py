"""Results of gates, shown in a terminal of 80 columns."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from expectations.gates import GateResult
from warehouse.text import printable

STATUSES = {"pass": "passed", "fail": "failed", "accepted": "accepted"}


def show_summary(results: Sequence[GateResult], console: Console) -> None:
    """Print one line per gate: how many expectations ended how, and why others did not apply."""
    for gate in dict.fromkeys(result.suite for result in results):
        of_gate = [result for result in results if result.suite == gate]
        counts = Counter(result.status for result in of_gate)
        said = [f"{counts[status]} {word}" for status, word in STATUSES.items() if counts[status]]
        why = [result.found for result in of_gate if result.status == "not applicable"]
        # Whatever is compared lacks the same; the rest applies to more data than there are
        without_comparison = [found for found in why if found.startswith("nothing to compare")]
        parts = [", ".join(said)] if said else []
        if without_comparison or not said:
            parts.append((without_comparison or why)[0])
        console.print(f"{gate} gate: {'; '.join(parts)}")


def show_failures(results: Sequence[GateResult], console: Console) -> None:
    """Print what was expected, what was found, rows that show it, and the way through."""
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
        table.add_row("  because", _plain(result.reason))
        console.print(table)
    failed = [result.expectation for result in results if result.status == "fail"]
    if failed:
        text = Text(f"If it is meant to be so, say so: ACCEPT='{' '.join(failed)}' with make.")
        console.print()
        console.print(Padding(text, 0))


def show_list(results: Sequence[GateResult], console: Console) -> None:
    """Print one row per expectation: how it ended, and what was found."""
    table = Table(box=None, pad_edge=False)
    for heading in ("expectation", "status", "found"):
        table.add_column(heading)
    for result in results:
        table.add_row(result.expectation, result.status, _plain(result.found))
    console.print(table)


def _plain(text: str) -> Text:
    """Show text as it stands: no markup, and nothing that steers a terminal."""
    return Text(printable(text))
