"""What expectations look at: a frame of a few aggregates, computed in SQL.

A row is a subject (a table, a genre, a run), a column a measure, and a cell is null where the
measure says nothing of the subject. Each expectation bounds one column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from expectations.bounds import read_bounds

if TYPE_CHECKING:
    import great_expectations as gx


@dataclass(frozen=True)
class Measure:
    """A column of a suite's frame.

    Attributes:
        name: The column and the expectation that bounds it.
        query: Returns ``subject``, which says in words what was found, and ``value``; those
            that break the bounds first. ``$from_count`` stands for the bound's.
        compares: Whether it reads the published state, as the database ``published``.
    """

    name: str
    query: str
    compares: bool = False


def rows_kept_pct(schema: str, tables: Sequence[str]) -> str:
    """Write the query of how many rows each table of a schema has, in percent of the published."""
    counts = " union all ".join(
        f"select '{schema}.{table}' as table_name,"
        f" (select count(*) from {schema}.{table}) as row_count,"
        f" (select count(*) from published.{schema}.{table}) as published_count"
        for table in tables
    )
    return f"""
        select
            format('{{}}: {{:,}} rows, published {{:,}}', table_name, row_count, published_count)
                as subject,
            100.0 * row_count / published_count as value
        from ({counts}) as counts
        where published_count >= $from_count
        order by value
    """


def suite_of(name: str, measures: Sequence[Measure]) -> "gx.ExpectationSuite":
    """Make a suite that holds each measure to its bounds."""
    import great_expectations as gx
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )

    bounds = read_bounds()[name]
    return gx.ExpectationSuite(
        name=name,
        expectations=[
            ExpectColumnValuesToBeBetween(
                column=measure.name,
                min_value=bounds[measure.name].minimum,
                max_value=bounds[measure.name].maximum,
                description=f"{measure.name}: {bounds[measure.name].measure}",
                notes=bounds[measure.name].reason,
            )
            for measure in measures
        ],
    )


def take(
    connection: duckdb.DuckDBPyConnection,
    suite: str,
    measures: Sequence[Measure],
    steps: Mapping[str, str],
    compare: bool,
) -> pd.DataFrame:
    """Take the measures of a suite.

    Args:
        connection: A connection to the warehouse, the published one attached as ``published``
            where there is a comparison.
        suite: The suite's name.
        measures: Its measures.
        steps: Queries by the name of the temporary table, in this order, that measures read.
        compare: Whether there is a published state to compare with; otherwise the columns of
            measures that compare are empty.

    Returns:
        ``subject`` and a column of floats a measure.

    Raises:
        duckdb.Error: A relation or column that is measured does not exist.
    """
    for name, query in steps.items():
        connection.execute(f"create or replace temporary table {name} as {query}")
    bounds = read_bounds()[suite]
    columns = {"subject": pd.Series(dtype="str")} | {
        measure.name: pd.Series(dtype="float64") for measure in measures
    }
    frames = [pd.DataFrame(columns)]
    for measure in measures:
        if compare or not measure.compares:
            count = bounds[measure.name].from_count
            parameters = {} if count is None else {"from_count": count}
            found = connection.execute(measure.query, parameters).df()
            found["value"] = found["value"].astype("float64")
            frames.append(found.rename(columns={"value": measure.name}))
    return pd.concat(frames, ignore_index=True)[list(columns)]
