"""Fit the models on the candidate and write their results: ``python -m models_ml``."""

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console

from warehouse.connection import connect
from warehouse.errors import UserError, tells_errors
from warehouse.publishing import models_folder
from warehouse.settings import Settings, read_settings
from warehouse.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.status import Status


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, train, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m models_ml",
        description="Fit the models on the marts and write their results to the ml tables.",
    )
    parser.add_argument("--model", help="fit this one alone")
    parser.add_argument("--protocol", help="fit for this one alone")
    parser.add_argument(
        "--effort",
        choices=["quick", "full", "spark"],
        default="quick",
        help="full: the slow models too; spark: those of Spark too",
    )
    options = parser.parse_args(arguments)
    settings = read_settings()
    if not settings.candidate.exists():
        raise UserError(f"There is no candidate at {settings.candidate}: `make build` makes one.")
    _train(settings, options, Console(highlight=False))
    return 0


def _train(settings: Settings, options: argparse.Namespace, console: Console) -> None:
    with console.status("Loading libraries"):
        from models_ml.fitting.parameters import check_parameters, read_parameters
        from models_ml.fitting.runner import (
            choose,
            has_no_rows,
            read_parts,
            remove_models_of_replaced_runs,
            run_task,
        )
        from models_ml.fitting.runs import write_models
        from models_ml.registry import RECIPES

    chosen = choose(RECIPES, options.model, options.protocol, options.effort)
    parameters = read_parameters()
    check_parameters(parameters, RECIPES)
    models = models_folder(settings.warehouse)
    remove_models_of_replaced_runs(settings.warehouse)
    with connect(settings.candidate) as connection:
        # A file that was published before a table was added lacks it
        create_tables(connection, "ml")
        write_models(connection, RECIPES)
        named = list(dict.fromkeys(protocol for _, protocol in chosen))
        impossible = [protocol for protocol in named if has_no_rows(connection, protocol)]
        for without in impossible:
            console.print(f"no fits of the {without} protocol without times")
        fits = [(recipe, protocol) for recipe, protocol in chosen if protocol not in impossible]
        parts, read = None, None
        for number, (recipe, protocol) in enumerate(fits, start=1):
            label = f"{recipe.name}, {protocol}"
            progress = f"[{number} of {len(fits)}] {label}"
            with console.status(progress) as status:
                if protocol != read:
                    parts = None  # Frees those of the protocol before
                    parts, read = read_parts(connection, protocol), protocol
                report = partial(_show, status, progress)
                _, outcome = run_task(
                    connection, recipe, protocol, parameters, models, report, parts
                )
            said = f"{label}: {outcome.note}{_limits(outcome.limits)}"
            console.print(said, soft_wrap=True)


def _limits(limits: "Mapping[str, int]") -> str:
    """Say what was cut off: ``fitted_rows`` as ``; fitted to 1,000,000 rows``."""
    said = [f"{count:,} {name.removeprefix('fitted_')}" for name, count in limits.items()]
    return f"; fitted to {' and '.join(said)}" if said else ""


def _show(status: "Status", progress: str, words: str) -> None:
    status.update(f"{progress}: {words}")


if __name__ == "__main__":
    sys.exit(main())
