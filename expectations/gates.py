"""Checking a warehouse: read the figures, expect, and keep what came out."""

import html
import os
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from expectations.offline import take_offline
from warehouse.connection import first_line
from warehouse.errors import UserError
from warehouse.tables import create_tables
from warehouse.untrained import has_schema, mart_columns

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )

GATES = ("raw", "marts", "predictions")
"""The gates, in the order of the borders."""

EXAMPLES = 3
"""How many unexpected rows a result shows."""


@dataclass(frozen=True)
class GateResult:
    """How one expectation ended: a row of ``quality.gate_results``, and the reason for it.

    Attributes:
        checked_at: When the gate was checked, UTC without a zone.
        suite: The gate's name.
        expectation: The expectation's name.
        status: ``pass``, ``fail``, ``accepted`` or ``not applicable``.
        expected: What is measured, and the range that its values are to lie in.
        found: The range that they lie in, or why there are none.
        examples: Up to three unexpected rows in words, one a line.
        reason: Why this is expected; not stored.
    """

    checked_at: datetime
    suite: str
    expectation: str
    status: str
    expected: str
    found: str
    examples: str | None
    reason: str


class Gates:
    """Checks gates in one session of Great Expectations, from which data docs can be made."""

    def __init__(self, accepted: Collection[str] = ()) -> None:
        """Start a session.

        Args:
            accepted: Names of expectations that may fail.

        Raises:
            UserError: An accepted expectation does not exist.
        """
        self._context = _context()
        from expectations.suites import gates

        self._gates = gates()
        known = {
            expectation.meta["name"]
            for relations in self._gates.values()
            for expectations in relations.values()
            for expectation in expectations
        }
        for name in accepted:
            if name not in known:
                raise UserError(f"ACCEPT={name}: it must be one of {', '.join(sorted(known))}.")
        self._accepted = accepted

    def check(self, connection: duckdb.DuckDBPyConnection, gate: str) -> list[GateResult]:
        """Check one gate.

        Args:
            connection: A connection to the warehouse.
            gate: The gate's name.

        Returns:
            One result per expectation, in the order of the suites.

        Raises:
            UserError: A relation that the gate reads does not exist.
        """
        try:
            ((no_comparison,),) = connection.execute(
                "select no_comparison from gates.comparison"
            ).fetchall()
            frames = {
                relation: connection.execute(f"from {source} order by all").df()
                for relation, source in self._sources(connection, gate).items()
            }
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            reason = first_line(error)
            raise UserError(f"The {gate} gate finds no built warehouse: {reason}") from error
        checked_at = datetime.now(UTC).replace(tzinfo=None)
        return [
            self._result(checked_at, gate, expectation, outcome, frame, no_comparison)
            for relation, frame in frames.items()
            for expectation, outcome in self._validate(relation, self._gates[gate][relation], frame)
        ]

    def _sources(self, connection: duckdb.DuckDBPyConnection, gate: str) -> dict[str, str]:
        """Tell what the rows of a gate's relations are selected from: of untrained ones, none."""
        sources = {relation: relation for relation in self._gates[gate]}
        if gate == "predictions" and not has_schema(connection, "predictions"):
            for name, columns in mart_columns("gates/predictions").items():
                nulls = ", ".join(
                    f"cast(null as {kind}) as {name}" for name, kind in columns.items()
                )
                sources[f"gates.{name}"] = f"(select {nulls} where false)"
        return sources

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
        take_offline(folder)
        return folder / "index.html"

    def _validate(
        self, relation: str, expectations: list[Any], frame: pd.DataFrame
    ) -> Iterator[tuple[Any, "ExpectationValidationResult"]]:
        import great_expectations as gx

        batches = (
            self._context.data_sources.add_pandas(relation)
            .add_dataframe_asset("figures")
            .add_batch_definition_whole_dataframe("all")
        )
        suite = gx.ExpectationSuite(name=relation, expectations=expectations)
        validation = self._context.validation_definitions.add(
            gx.ValidationDefinition(
                name=relation, data=batches, suite=self._context.suites.add(suite)
            )
        )
        # Data docs show texts as markup, and a title may hold some
        texts = frame.select_dtypes(["object", "str"]).columns
        outcome = validation.run(
            batch_parameters={
                "dataframe": frame.assign(
                    **{name: frame[name].map(html.escape, na_action="ignore") for name in texts}
                )
            },
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": list(frame),
                "include_unexpected_rows": False,
            },
        )
        for result in outcome.results:
            if result.exception_info and result.exception_info.get("raised_exception"):
                raise RuntimeError(str(result.exception_info["exception_message"]))
        by_name = {
            config.meta["name"]: result
            for result in outcome.results
            if (config := result.expectation_config) and config.meta
        }
        for expectation in expectations:
            yield expectation, by_name[expectation.meta["name"]]

    def _result(
        self,
        checked_at: datetime,
        gate: str,
        expectation: Any,
        outcome: "ExpectationValidationResult",
        frame: pd.DataFrame,
        no_comparison: str | None,
    ) -> GateResult:
        name, where = expectation.meta["name"], expectation.meta["where"]
        row_count = outcome.result["element_count"] - outcome.result.get("missing_count", 0)
        if row_count == 0:
            status = "not applicable"
            if no_comparison and "published" in where:
                found = f"nothing to compare with, as {no_comparison}"
            else:
                found = f"nothing to judge: it applies {expectation.meta['applies']}"
        else:
            status = "pass" if outcome.success else "fail"
            if status == "fail" and name in self._accepted:
                status = "accepted"
            found = _found(expectation, frame.query(where) if where else frame)
            if unexpected := outcome.result["unexpected_count"]:
                found += f", {unexpected} of {row_count} unexpected"
        rows = sorted(
            outcome.result.get("unexpected_index_list") or [],
            key=lambda row: -_excess(expectation, row),
        )
        examples = [html.unescape(expectation.meta["row"].format(**row)) for row in rows[:EXAMPLES]]
        return GateResult(
            checked_at,
            gate,
            name,
            status,
            expected=expectation.meta["what"] + _range(expectation),
            found=found,
            examples="\n".join(examples) or None,
            reason=expectation.notes,
        )


def store(connection: duckdb.DuckDBPyConnection, results: Sequence[GateResult]) -> None:
    """Add results to ``quality.gate_results``, which is created where it does not exist."""
    create_tables(connection, "gates")
    connection.executemany(
        "insert into quality.gate_results values (?, ?, ?, ?, ?, ?, ?)",
        [astuple(result)[:-1] for result in results],
    )


def _bounds(expectation: Any) -> tuple[float | None, float | None]:
    """Return the least and the greatest value that is allowed; of other kinds neither."""
    return getattr(expectation, "min_value", None), getattr(expectation, "max_value", None)


def _range(expectation: Any) -> str:
    """Say in words what values are allowed, where bounds do."""
    minimum, maximum = _bounds(expectation)
    if minimum is None:
        return "" if maximum is None else f": at most {maximum:g}"
    return f": at least {minimum:g}" if maximum is None else f": {minimum:g} to {maximum:g}"


def _excess(expectation: Any, row: dict[str, Any]) -> float:
    """Tell how far a row's value lies outside of the bounds."""
    minimum, maximum = _bounds(expectation)
    below = 0 if minimum is None else minimum - row[expectation.column]
    above = 0 if maximum is None else row[expectation.column] - maximum
    return max(below, above)


def _found(expectation: Any, rows: pd.DataFrame) -> str:
    """Say in which range values lie, or where two columns are compared, how many rows have them."""
    if not hasattr(expectation, "column"):
        return f"{len(rows)} compared"
    values = rows[expectation.column].dropna()
    if values.empty:
        return "nothing"
    least, greatest = f"{values.min():,.4g}", f"{values.max():,.4g}"
    return least if least == greatest else f"{least} to {greatest}"


def _context() -> "EphemeralDataContext":
    """Start Great Expectations without a project, telemetry or progress bars, all in memory."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # Where Spark is installed, it is imported too
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
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
