"""Run dbt with a progress bar: ``python -m warehouse.dbt build --select source:ml+``.

dbt's own log has two lines for each model and test. Here a bar shows the progress; each error is
printed once, and so is what the project's macros print.
"""

import sys
from collections import Counter
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from warehouse.errors import tells_errors
from warehouse.settings import export_settings

WORDS = {"success": "built", "pass": "tests passed"}
"""How two of dbt's statuses are shown; the others (error, fail, warn, skipped) stay as they are."""

EXPLAINED = "few_lines_are_refused"
"""A macro explains the failure of this test, so dbt's own message is left out."""


def run_dbt(arguments: list[str], console: Console) -> int:
    """Run a dbt command.

    Args:
        arguments: The command and its options, as dbt's command line takes them.
        console: Where the bar and the closing line go.

    Returns:
        dbt's exit status: 0, 1 where a model or test failed, 2 where dbt itself did.
    """
    with console.status("Starting dbt"):
        from dbt.cli.main import dbtRunner

    counts: Counter[str] = Counter()
    said: set[tuple[str, str]] = set()
    bar = Progress(
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("reading the project", total=None)

        def follow(event: Any) -> None:
            if event.info.name == "LogStartLine":
                # The log says `sql table model core.dim_movies` and `test not_null_...`
                name = event.data.description.rpartition(" ")[2]
                bar.update(task, total=event.data.total, description=name[:36])
            elif event.info.name == "NodeFinished":
                counts[event.data.run_result.status] += 1
                bar.advance(task)
            elif event.info.name == "PrintEvent":
                print(event.info.msg)
            elif event.info.level == "error" and event.info.name != "LogCancelLine":
                node = getattr(event.data, "node_info", None)
                name = node.node_name if node else ""
                if name != EXPLAINED and (name, event.info.msg) not in said:
                    said.add((name, event.info.msg))
                    console.print(event.info.msg, highlight=False, markup=False, soft_wrap=True)

        colours = "--use-colors" if console.is_terminal else "--no-use-colors"
        result = dbtRunner(callbacks=[follow]).invoke(["--log-level", "none", colours, *arguments])
    if result.exception is not None:
        if not said:
            console.print(result.exception, highlight=False, markup=False, soft_wrap=True)
        return 2
    if arguments[0] not in ("build", "run", "test"):
        return 0 if result.success else 1
    ended = [f"{counts.pop(status)} {words}" for status, words in WORDS.items() if counts[status]]
    ended += [f"{count} {status}" for status, count in counts.items() if status != "no-op"]
    console.print(f"dbt {arguments[0]}: {', '.join(ended) or 'nothing to do'}", highlight=False)
    return 0 if result.success else 1


@tells_errors
def main() -> int:
    """Run dbt with the arguments of the command line, on the candidate that the settings name."""
    export_settings()
    return run_dbt(sys.argv[1:], Console(stderr=True))


if __name__ == "__main__":
    sys.exit(main())
