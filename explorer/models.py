"""How well the models do, as the warehouse has measured it."""

from dataclasses import dataclass

import duckdb
import pandas as pd

VALUES = """
select leaderboard.model, models.role, value, ci_low, ci_high, row_count,
    leaderboard.track, fitted_to
from predictions.model_leaderboard as leaderboard
inner join predictions.metrics as metrics using (metric)
left join predictions.models as models using (model)
where protocol = $protocol and metric = $metric and slice = $slice
order by case metrics.better when 'higher' then -value else value end, leaderboard.model
"""

# A pair stands once; seen from the other model, the difference turns round
DIFFERENCES = """
select other_model as model, -difference as difference, -ci_high as ci_low, -ci_low as ci_high,
    is_clear, row_count
from predictions.model_comparisons
where protocol = $protocol and metric = $metric and model = $model
union all
select model, difference, ci_low, ci_high, is_clear, row_count
from predictions.model_comparisons
where protocol = $protocol and metric = $metric and other_model = $model
order by difference, model
"""

CELLS = """
select distinct protocol, metric, slice
from predictions.model_leaderboard
order by protocol, metric, slice
"""


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        name: Its name, such as ``rmse``.
        kind: What it measures: ``ratings``, ``lists`` or ``exposures``.
        better: ``lower`` or ``higher``; ``None`` where neither is better in itself.
        description: What it says.
    """

    name: str
    kind: str
    better: str | None
    description: str


def cells(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Take what was measured: ``protocol``, ``metric``, ``slice``."""
    return connection.execute(CELLS).df()


def metrics(connection: duckdb.DuckDBPyConnection) -> dict[str, Metric]:
    """Take the metrics by name."""
    rows = connection.execute(
        "select metric, kind, better, description from predictions.metrics order by metric"
    ).fetchall()
    return {row[0]: Metric(*row) for row in rows}


def values(
    connection: duckdb.DuckDBPyConnection, protocol: str, metric: str, part: str
) -> pd.DataFrame:
    """Take the models' values of a metric on a slice, the best first.

    Returns:
        ``model``, ``role``, ``value``, ``ci_low``, ``ci_high``, ``row_count``,
        ``track``, ``fitted_to``.
    """
    return connection.execute(VALUES, {"protocol": protocol, "metric": metric, "slice": part}).df()


def differences(
    connection: duckdb.DuckDBPyConnection, protocol: str, metric: str, model: str
) -> pd.DataFrame:
    """Take how much the other models' values differ from a model's, on the same rows.

    Returns:
        ``model``, ``difference`` (that model's value less the given model's), ``ci_low``,
        ``ci_high``, ``is_clear``, ``row_count``.
    """
    return connection.execute(
        DIFFERENCES, {"protocol": protocol, "metric": metric, "model": model}
    ).df()


def are_trained(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether any model of the present data was trained."""
    ((count,),) = connection.execute("select count(*) from predictions.current_runs").fetchall()
    return bool(count)
