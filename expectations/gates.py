"""Checking a warehouse: measure, expect, and keep what came out."""

import html
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from expectations import marts, predictions, raw
from expectations.bounds import Bound, read_bounds
from expectations.measures import Measure, take
from warehouse.connection import quoted
from warehouse.errors import UserError
from warehouse.published import read_published
from warehouse.tables import create_tables

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )

SUITES = {"raw": raw, "marts": marts, "predictions": predictions}
"""The modules of the suites by name, in the order of the borders."""

EXAMPLES = 3
"""How many values that are out of range a result shows."""


@dataclass(frozen=True)
class GateResult:
    """How one expectation ended: a row of ``quality.gate_results``.

    Attributes:
        checked_at: When the suite was checked, UTC without a zone.
        suite: The suite's name.
        expectation: The expectation's name.
        status: ``pass``, ``fail``, ``accepted`` or ``not applicable``.
        expected: What is measured, and the range that its values are to lie in.
        found: The range that they lie in, or why there are none.
        examples: Up to three values that are out of range, one a line.
    """

    checked_at: datetime
    suite: str
    expectation: str
    status: str
    expected: str
    found: str
    examples: str | None


def attach_published(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> str | None:
    """Attach the published file as ``published``, if the candidate holds the same dataset.

    Two states are of the same dataset if their folders have the same name and they were loaded
    to the same ``LIMIT``. Any other is no larger or smaller: it is another.

    Args:
        connection: A connection to the candidate, which may attach files.
        warehouse: The published file, which need not exist.

    Returns:
        Why there is no comparison, or ``None`` if there is one.
    """
    if not warehouse.exists():
        return "nothing was published before"
    try:
        with read_published(warehouse):
            pass
    except UserError:
        return "what is published cannot be read by this release"
    connection.execute(f"attach {quoted(warehouse)} as published (read_only)")
    try:
        datasets, published = (
            connection.execute(f"select distinct dataset from {loads} order by dataset").fetchall()
            for loads in ("raw.loads", "published.raw.loads")
        )
    except (duckdb.BinderException, duckdb.CatalogException):
        return "what is published does not say of which dataset it is"
    return None if datasets == published else "another dataset is published"


class Gates:
    """Checks suites in one session of Great Expectations, from which data docs can be made."""

    def __init__(self, accepted: Collection[str] = ()) -> None:
        """Start a session.

        Args:
            accepted: Names of expectations that may fail.

        Raises:
            UserError: An accepted expectation does not exist.
        """
        self._bounds = read_bounds()
        known = {name for bounds in self._bounds.values() for name in bounds}
        for name in accepted:
            if name not in known:
                raise UserError(f"ACCEPT={name}: it must be one of {', '.join(sorted(known))}.")
        self._accepted = accepted
        self._context = _context()

    def check(
        self, connection: duckdb.DuckDBPyConnection, suite: str, no_comparison: str | None
    ) -> list[GateResult]:
        """Check one suite.

        Args:
            connection: A connection to the warehouse.
            suite: The suite's name.
            no_comparison: Why nothing is compared with what is published, or ``None``.

        Returns:
            A result an expectation, in the order of the suite.

        Raises:
            UserError: A relation that is measured does not exist.
        """
        measures: Sequence[Measure] = SUITES[suite].MEASURES
        steps: Mapping[str, str] = SUITES[suite].STEPS
        try:
            frame = take(connection, suite, measures, steps, compare=no_comparison is None)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            first_line = str(error).partition("\n")[0]
            raise UserError(f"The {suite} gate finds no built warehouse: {first_line}") from error
        checked_at = datetime.now(UTC).replace(tzinfo=None)
        outcomes = self._validate(suite, frame)
        return [
            self._result(
                checked_at,
                suite,
                measure.name,
                outcomes[measure.name],
                frame[measure.name],
                no_comparison if measure.compares else None,
            )
            for measure in measures
        ]

    def render(self, folder: Path) -> Path:
        """Render what was checked as data docs, in place of what the folder holds.

        Returns:
            The page to open.
        """
        store = {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder.resolve()),
        }
        self._context.add_data_docs_site(
            "reelhouse",
            {
                "class_name": "SiteBuilder",
                "store_backend": store,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )
        self._context.build_data_docs(["reelhouse"])
        return folder / "index.html"

    def _validate(
        self, suite: str, frame: pd.DataFrame
    ) -> Mapping[str, "ExpectationValidationResult"]:
        import great_expectations as gx

        context = self._context
        batches = (
            context.data_sources.add_pandas(suite)
            .add_dataframe_asset("aggregates")
            .add_batch_definition_whole_dataframe("all")
        )
        validation = context.validation_definitions.add(
            gx.ValidationDefinition(
                name=suite, data=batches, suite=context.suites.add(SUITES[suite].suite())
            )
        )
        # Data docs show texts as markup, and a title may hold some
        escaped = frame.assign(subject=frame["subject"].map(html.escape))
        outcome = validation.run(
            batch_parameters={"dataframe": escaped},
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["subject"],
                "include_unexpected_rows": False,
            },
        )
        outcomes = {}
        for result in outcome.results:
            if result.exception_info and result.exception_info.get("raised_exception"):
                raise RuntimeError(str(result.exception_info["exception_message"]))
            if result.expectation_config:
                outcomes[str(result.expectation_config.kwargs["column"])] = result
        return outcomes

    def _result(
        self,
        checked_at: datetime,
        suite: str,
        name: str,
        outcome: "ExpectationValidationResult",
        values: pd.Series,
        no_comparison: str | None,
    ) -> GateResult:
        bound = self._bounds[suite][name]
        outside = outcome.result.get("unexpected_index_list") or []
        examples = [html.unescape(row["subject"]) for row in outside[:EXAMPLES]]
        if values.notna().sum() == 0:
            status = "not applicable"
        elif outcome.success:
            status = "pass"
        else:
            status = "accepted" if name in self._accepted else "fail"
        return GateResult(
            checked_at,
            suite,
            name,
            status,
            expected=f"{bound.measure}: {bound.range}",
            found=_found(values, len(outside), bound, no_comparison),
            examples="\n".join(examples) or None,
        )


def store(connection: duckdb.DuckDBPyConnection, results: Sequence[GateResult]) -> None:
    """Add results to ``quality.gate_results``, which is created where it does not exist."""
    create_tables(connection, "gates")
    connection.executemany(
        "insert into quality.gate_results values (?, ?, ?, ?, ?, ?, ?)",
        [astuple(result) for result in results],
    )


def _found(values: pd.Series, outside: int, bound: Bound, no_comparison: str | None) -> str:
    measured = values.dropna()
    if measured.empty:
        return f"nothing: {no_comparison or f'it applies {bound.applies}'}"
    least, greatest = f"{measured.min():,.4g}", f"{measured.max():,.4g}"
    span = least if least == greatest else f"{least} to {greatest}"
    return f"{span}, {outside} of {len(measured)} out of range" if outside else span


def _context() -> "EphemeralDataContext":
    """Start Great Expectations without a project, telemetry or progress bars, all in memory."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )
