"""Pictures of frames, in Altair: pure functions, so that they are tested without a browser.

Streamlit's theme colours single series, so that they hold on light and dark. Axes name units.
"""

import math
from typing import Any

import altair as alt
import pandas as pd
from altair.typing import ChartType

STARS = "stars"

INK, GREY = "#2f80d0", "#808080"
"""Colours with a contrast of 4 to 1 or so on white and on Streamlit's dark ground."""

POINT = alt.MarkDef("circle", size=45, opacity=0.45)
"""A rating: where many lie on each other, they are darker."""

ROW, AXIS = 40, 60
"""Height of a row of a chart that has rows, and of the axis below them, in pixels."""

WRAPPED = r"split(replace(datum.label, regexp('(.{1,44})( |$)', 'g'), '$1\n'), '\n')"
"""Breaks a long label between words, so that it is whole on a narrow screen too."""

ROWS_OF_TEXT = 50
"""How many rows with a text of their own are drawn."""


def rating_years(years: pd.DataFrame, scale: tuple[float, float]) -> ChartType:
    """Draw a movie's mean rating by year above its number of ratings by year.

    Args:
        years: ``year``, ``rating_count``, ``mean_rating``.
        scale: The lowest and the highest rating, in stars.
    """
    year = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    tooltip = [
        alt.Tooltip("year:O"),
        alt.Tooltip("mean_rating:Q", title="mean, stars", format=".2f"),
        alt.Tooltip("rating_count:Q", title="ratings", format=","),
    ]
    base = alt.Chart(years).encode(x=year, tooltip=tooltip)
    mean = base.mark_line(point=True).encode(
        y=alt.Y(
            "mean_rating:Q",
            title="mean, stars",
            scale=alt.Scale(domain=list(scale), nice=False),
            axis=alt.Axis(values=_whole_stars(scale), format="d"),
        )
    )
    count = base.mark_bar().encode(y=alt.Y("rating_count:Q", title="ratings", axis=_whole(years)))
    return alt.vconcat(
        mean.properties(height=150, width="container"),
        count.properties(height=110, width="container"),
        spacing=12,
    )


def _whole_stars(scale: tuple[float, float]) -> list[int]:
    """Choose where the axis of stars has ticks: at whole stars, no more than ten or so."""
    lowest, highest = math.ceil(scale[0]), math.floor(scale[1])
    return list(range(lowest, highest + 1, max(1, (highest - lowest) // 10)))


def _whole(years: pd.DataFrame) -> alt.Axis:
    """Label whole numbers only: there are no half ratings."""
    most = int(years["rating_count"].max()) if len(years) else 0
    return alt.Axis(format=",d", tickMinStep=1, tickCount=min(5, most + 1))


def history(ratings: pd.DataFrame, scale: tuple[float, float]) -> ChartType:
    """Draw a user's ratings over time.

    Args:
        ratings: ``rated_at``, ``rating``, ``title``.
        scale: The lowest and the highest rating, in stars.
    """
    known: pd.DataFrame = ratings.dropna(subset=["rated_at"])
    y = alt.Y(
        "rating:Q",
        title=STARS,
        scale=alt.Scale(domain=list(scale), nice=False),
        axis=alt.Axis(values=_whole_stars(scale), format="d"),
    )
    tooltip = [
        alt.Tooltip("title:N"),
        alt.Tooltip("rating:Q", title=STARS),
        alt.Tooltip("rated_at:T", title="rated", format="%Y-%m-%d %H:%M"),
    ]
    x = alt.X("rated_at:T", title=None, axis=alt.Axis(labelOverlap=True))
    chart = alt.Chart(known, mark=POINT).encode(x=x, y=y, tooltip=tooltip)
    return chart.properties(height=260, width="container")


def predictions(ratings: pd.DataFrame, scale: tuple[float, float]) -> ChartType:
    """Draw predictions against ratings, with the line on which both are equal.

    Args:
        ratings: ``rating``, ``prediction``, ``title``.
        scale: The lowest and the highest rating, in stars.
    """
    domain = alt.Scale(domain=list(scale), nice=False)
    axis = alt.Axis(values=_whole_stars(scale), format="d")
    ends = pd.DataFrame({"rating": list(scale), "prediction": list(scale)})
    equal = alt.Chart(ends).mark_line(strokeDash=[4, 4], color=GREY)
    points = alt.Chart(ratings.dropna(subset=["prediction"]), mark=POINT)
    return alt.layer(
        equal.encode(x="rating:Q", y="prediction:Q"),
        points.encode(
            x=alt.X("rating:Q", title="rated, stars", scale=domain, axis=axis),
            y=alt.Y("prediction:Q", title="predicted, stars", scale=domain, axis=axis),
            tooltip=[
                alt.Tooltip("title:N"),
                alt.Tooltip("rating:Q", title="rated"),
                alt.Tooltip("prediction:Q", title="predicted", format=".2f"),
            ],
        ),
    ).properties(height=260, width="container")


def intervals(rows: pd.DataFrame, value: str, title: str, zero: bool = False) -> ChartType:
    """Draw one value per model with its 95% interval, in the order of the rows.

    Args:
        rows: ``model``, the value, ``ci_low``, ``ci_high``, ``row_count``.
        value: The column of the value.
        title: What the axis says.
        zero: Draw a line at 0.
    """
    axis = alt.Axis(tickCount=6)
    scale = alt.Scale(zero=zero)
    y = alt.Y("model:N", sort=rows["model"].tolist(), title=None, axis=alt.Axis(labelLimit=220))
    tooltip = [
        alt.Tooltip("model:N"),
        alt.Tooltip(f"{value}:Q", title=title, format=".4f"),
        alt.Tooltip("ci_low:Q", title="95% from", format=".4f"),
        alt.Tooltip("ci_high:Q", title="to", format=".4f"),
        alt.Tooltip("row_count:Q", title="rows", format=","),
    ]
    base = alt.Chart(rows).encode(y=y, tooltip=tooltip)
    layers: list[alt.Chart] = [
        base.mark_rule(strokeWidth=2, color=INK).encode(
            x=alt.X("ci_low:Q", title=title, scale=scale, axis=axis), x2="ci_high:Q"
        ),
        base.mark_circle(size=90, opacity=1, color=INK).encode(x=f"{value}:Q"),
    ]
    if zero:
        line = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(strokeDash=[4, 4], color=GREY)
        layers.insert(0, line.encode(x="at:Q"))
    return alt.layer(*layers).properties(height=ROW * len(rows) + AXIS, width="container")


KINDS: dict[str, dict[str, Any]] = {
    "bars": {"type": "bar"},
    "line": {"type": "line", "point": True},
    "points": {"type": "circle", "size": 60, "opacity": 0.6},
}
"""The simple charts of a result, and Altair's marks for them."""


def result(rows: pd.DataFrame, kind: str, x: str, y: str) -> ChartType:
    """Draw two columns of a result: texts from top to bottom, anything else from left to right.

    Args:
        rows: The result; its columns may have any names.
        kind: One of ``KINDS``.
        x: The column of what is measured.
        y: The column of the numbers.
    """
    # Names of columns are data: in Altair's shorthand, dots and brackets would mean something
    drawn = pd.DataFrame({"x": rows[x], "y": pd.to_numeric(rows[y], errors="coerce")})
    what = _kind(drawn["x"], kind)
    chart = alt.Chart(drawn, mark=alt.MarkDef(**KINDS[kind]))
    tooltip = [
        alt.Tooltip("x", type=what, title=x),
        alt.Tooltip("y", type="quantitative", title=y),
    ]
    if what == "nominal":
        axis = alt.Axis(labelExpr=WRAPPED, labelLimit=0, labelOverlap=False)
        chart.data = drawn = drawn.head(ROWS_OF_TEXT).assign(x=lambda rows: rows["x"].astype(str))
        labels = alt.Y("x", type=what, title=None, sort=None, axis=axis)
        numbers = alt.X("y", type="quantitative", title=y, axis=alt.Axis(tickCount=6))
        chart = chart.encode(y=labels, x=numbers, tooltip=tooltip)
        return chart.properties(height=ROW * drawn["x"].nunique() + AXIS, width="container")
    labels_below = alt.X("x", type=what, title=x, sort=None, axis=alt.Axis(labelOverlap=True))
    chart = chart.encode(
        x=labels_below, y=alt.Y("y", type="quantitative", title=y), tooltip=tooltip
    )
    return chart.properties(height=320, width="container")


def _kind(values: pd.Series, kind: str) -> Any:
    if pd.api.types.is_datetime64_any_dtype(values):
        return "temporal"
    if pd.api.types.is_numeric_dtype(values):
        return "ordinal" if kind == "bars" else "quantitative"
    return "nominal"
