"""The page of the models: how far off they are, with intervals, and which are really better."""

import duckdb
import pandas as pd
import streamlit as st

from explorer import charts, models
from explorer.text import plain
from explorer.views import parts

PROTOCOLS = {
    "random": "random: a hash draws a fifth of the ratings",
    "temporal": "temporal: the latest tenth of all ratings",
    "last": "last: the latest fifth of each user's ratings",
}


def draw(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw the page."""
    st.title("How well the models do")
    cells = models.cells(connection)
    if cells.empty:
        parts.untrained("Models and their errors stand here")
        return
    if not models.are_trained(connection):
        parts.untrained("More models stand here, beside the baselines of SQL,")
    metrics = models.metrics(connection)
    protocol, metric, part = _choose(cells, metrics)
    measured = metrics[metric]
    better = f" The {measured.better}, the better." if measured.better else ""
    st.write(plain(f"{metric}: {measured.description.rstrip('.')}.{better}"))
    _values(connection, protocol, metric, part)
    _differences(connection, protocol, metric)


def _choose(cells: pd.DataFrame, metrics: dict[str, models.Metric]) -> tuple[str, str, str]:
    columns = st.columns(3)
    protocol = columns[0].selectbox(
        "Which ratings are test rows",
        [name for name in PROTOCOLS if name in set(cells["protocol"])],
        format_func=PROTOCOLS.__getitem__,
    )
    cells = cells[cells["protocol"] == protocol]
    names = [name for name in metrics if name in set(cells["metric"])]
    metric = columns[1].selectbox(
        "Metric",
        names,
        index=names.index("rmse") if "rmse" in names else 0,
        format_func=lambda name: f"{name} ({metrics[name].kind})",
    )
    slices = cells.loc[cells["metric"] == metric, "slice"].tolist()
    part = columns[2].selectbox(
        "Slice", slices, index=slices.index("all") if "all" in slices else 0
    )
    return str(protocol), str(metric), str(part)


def _values(connection: duckdb.DuckDBPyConnection, protocol: str, metric: str, part: str) -> None:
    st.header("Each model, with its 95% interval")
    values = models.values(connection, protocol, metric, part)
    st.altair_chart(charts.intervals(values, "value", metric), alt=f"{metric} by model")
    _table(values, "value")
    for model in values.loc[values["track"] == "time-aware", "model"]:
        parts.note(f"{model} knows when a rating was given, so that it can recommend nothing.")
    for model, fitted_to in values.dropna(subset="fitted_to")[["model", "fitted_to"]].to_numpy():
        parts.note(f"{model} was fitted to {fitted_to}, for the sake of time.")


def _differences(connection: duckdb.DuckDBPyConnection, protocol: str, metric: str) -> None:
    st.header("Two models on the same rows")
    names = models.values(connection, protocol, metric, "all")["model"].tolist()
    if not names:
        return
    model = str(st.selectbox("Compared with", names))
    differences = models.differences(connection, protocol, metric, model)
    if differences.empty:
        st.info("No other model was measured on the same rows.")
        return
    title = f"{metric}, less that of {model}"
    st.altair_chart(charts.intervals(differences, "difference", title, zero=True), alt=title)
    parts.note(
        "Intervals of 95%, paired by user, over all test rows. Where one does not hold 0, the two"
        " models differ by more than chance."
    )
    _table(differences, "difference")


def _table(rows: pd.DataFrame, value: str) -> None:
    with st.expander("In figures"):
        parts.table(
            {
                "model": rows["model"].tolist(),
                value: [f"{number:.4f}" for number in rows[value]],
                "from": [f"{number:.4f}" for number in rows["ci_low"]],
                "to": [f"{number:.4f}" for number in rows["ci_high"]],
            }
        )
        parts.note(
            f"From and to are the ends of the 95% interval. {rows['row_count'].max():,} rows."
        )
