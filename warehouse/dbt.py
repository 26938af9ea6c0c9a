"""Run dbt with a progress bar: ``python -m warehouse.dbt build --select source:ml+``.

dbt's own log has two lines for each model and test. Here a bar shows the progress; each error is
printed once, and so is what the project's macros print.

``--after`` and all that follows it is a command that runs before: dbt, which takes seconds to
start, starts beside it.
"""

import hashlib
import os
import shutil
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from warehouse.errors import tells_errors
from warehouse.locking import start_holding
from warehouse.settings import read_settings, settings_as_variables
from warehouse.spark import LOG, errors_in, require_spark

WORDS = {"success": "built", "pass": "tests passed"}
"""How two of dbt's statuses are shown; the others (error, fail, warn, skipped) stay as they are."""

EXPLAINED = "few_lines_are_refused"
"""A macro explains the failure of this test, so dbt's own message is left out."""

TARGET = Path("dbt_project", "target")

PARSED = TARGET / "parsed"
"""Holds what dbt parsed, a file for each target and set of variables: parsing takes seconds."""

KEPT = 16
"""Files of parsed projects that are kept, the latest ones."""

BUILDS = ("build", "run", "test")

AFTER = "--after"


def run_dbt(arguments: list[str], console: Console) -> int:
    """Run a dbt command.

    Args:
        arguments: The command and its options, as dbt's command line takes them.
        console: Where the bar and the closing line go.

    Returns:
        dbt's exit status: 0, 1 where a model or test failed, 2 where dbt itself did.
    """
    with console.status("Starting dbt"):
        dbt_runner = _start_dbt()
    started_at = time.time()
    parsed = _parsed(arguments)
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

        options = ["--log-level", "none"]
        options.append("--use-colors" if console.is_terminal else "--no-use-colors")
        if arguments[0] in BUILDS:
            options.append("--no-write-json")
        if parsed.exists():
            options += ["--partial-parse-file-path", str(parsed)]
        result = dbt_runner(callbacks=[follow]).invoke([*options, *arguments])
    _keep_parsed(parsed, started_at)
    if result.exception is not None:
        if not said:
            console.print(result.exception, highlight=False, markup=False, soft_wrap=True)
        return 2
    if arguments[0] not in BUILDS:
        return 0 if result.success else 1
    ended = [f"{counts.pop(status)} {words}" for status, words in WORDS.items() if counts[status]]
    ended += [f"{count} {status}" for status, count in counts.items() if status != "no-op"]
    console.print(f"dbt {arguments[0]}: {', '.join(ended) or 'nothing to do'}", highlight=False)
    return 0 if result.success else 1


def _start_dbt() -> Any:
    """Import dbt, and return what runs its commands."""
    from dbt.cli.main import dbtRunner

    _spare_dbt_needless_work()
    return dbtRunner


def _spare_dbt_needless_work() -> None:
    """Keep dbt from parsing for each database anew, and from telling what nobody hears."""
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.event_manager_client import ctx_set_event_manager

    class Terse(EventManager):
        """Tells how nodes ended, and what is of level info or above: a tenth of all events."""

        def fire_event(self, e: Any, level: Any = None, *rest: Any, **options: Any) -> None:
            is_debug = (level or e.level_tag()) == EventLevel.DEBUG
            if not is_debug or type(e).__name__ == "NodeFinished":
                super().fire_event(e, level, *rest, **options)

    # dbt parses the project anew where anything of the connection has changed. Of these, the
    # database's name and schema alone are in what it parses; where the file lies is not.
    named = ("database", "schema")
    DuckDBCredentials._connection_keys = lambda _: named  # type: ignore[method-assign]
    if os.environ.get("DBT_LOG_LEVEL_FILE") != "debug":
        ctx_set_event_manager(Terse())


def _parsed(arguments: list[str]) -> Path:
    """Name the file that keeps the project as parsed for a database's name and variables.

    dbt looks itself whether the file holds what it would parse, so the name need not tell all.
    """
    given = " ".join(_option(arguments, option) for option in ("--vars", "--target"))
    name = f"{read_settings().candidate.stem} {given}"
    return PARSED / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.msgpack"


def _option(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1] if name in arguments else ""


def _keep_parsed(parsed: Path, started_at: float) -> None:
    """Keep what dbt has just parsed; it leaves no new file where it had nothing to parse."""
    made = Path(os.environ.get("DBT_TARGET_PATH", TARGET), "partial_parse.msgpack")
    if made.exists() and made.stat().st_mtime >= started_at:
        parsed.parent.mkdir(parents=True, exist_ok=True)
        part = parsed.with_suffix(f".{os.getpid()}")
        shutil.copy(made, part)
        part.replace(parsed)
        # Another process may be removing the same ones
        with suppress(FileNotFoundError):
            files = sorted(PARSED.glob("*.msgpack"), key=lambda file: -file.stat().st_mtime)
            for old in files[KEPT:]:
                old.unlink()


@tells_errors
def main() -> int:
    """Run dbt with the arguments of the command line, on the candidate that the settings name."""
    os.environ.update(settings_as_variables())
    arguments = sys.argv[1:]
    if AFTER in arguments:
        place = arguments.index(AFTER)
        with start_holding(arguments[place + 1 :]) as before:
            _start_dbt()
        if before.returncode:
            return before.returncode
        arguments = arguments[:place]
    if _option(arguments, "--target") != "spark":
        return run_dbt(arguments, Console(stderr=True))
    require_spark()
    with errors_in(read_settings().lake / LOG) as terminal:
        return run_dbt(arguments, Console(file=terminal))


if __name__ == "__main__":
    sys.exit(main())
