"""The style that all pictures share, and their files.

Text takes the colour of the page around it, and the other colours are told apart by people who are
colour-blind, on white and on black: the palette of Okabe and Ito, https://jfly.uni-koeln.de/color/,
a little lighter or darker so that each has a contrast of 3 or more with both.
"""

import json
from pathlib import Path
from typing import Any

import altair as alt

BLUE, ORANGE, GREEN, PURPLE, RED, GREY = (
    *("#2f83c4", "#c9731a", "#1f9570", "#a866ad", "#d5512e"),
    "#858b95",
)
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, RED, GREY)

TEXT = "currentColor"
FAINT = "#85858555"

WIDTH = 640
"""How many points wide a picture is that fills its column on the page, as a file."""

CONFIG = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "range": {"category": list(PALETTE)},
    "axis": {
        **{"labelColor": TEXT, "titleColor": TEXT, "gridColor": FAINT, "domainColor": FAINT},
        **{"tickColor": FAINT, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 500},
        "labelLimit": 300,
    },
    "axisX": {"labelFlush": False, "labelOverlap": True},
    "axisXQuantitative": {"tickCount": 7},
    "rule": {"color": GREY},
    "legend": {"labelColor": TEXT, "titleColor": TEXT, "labelFontSize": 12, "orient": "top"},
    "header": {"labelColor": TEXT, "titleColor": TEXT, "labelFontSize": 12},
    "text": {"color": TEXT, "fontSize": 12},
    "title": {"color": TEXT},
}


def named(base: alt.Chart, column: str, count: str) -> alt.LayerChart:
    """Draw a bar for each row, its name above it and its number beside it: no name is cut."""
    y = alt.Y(f"{column}:N", sort=None, axis=None, scale=alt.Scale(paddingInner=0.62))
    bars = base.mark_bar(color=BLUE).encode(y=y)
    return bars + above(base, column) + beside(base, count).encode(y=y)


def above(base: alt.Chart, column: str) -> alt.Chart:
    """Write the name of each row at the left, above its line."""
    text = base.mark_text(align="left", baseline="bottom", dy=-7)
    y = alt.Y(f"{column}:N", sort=None, axis=None)
    return text.encode(x=alt.value(0), y=y, text=f"{column}:N")


def beside(base: alt.Chart, count: str, style: str = ",") -> alt.Chart:
    """Write the number of each row to the right of its bar."""
    return base.mark_text(align="left", dx=4).encode(text=alt.Text(f"{count}:Q", format=style))


def wide(chart: alt.Chart | alt.LayerChart, height: int | alt.Step) -> alt.Chart | alt.LayerChart:
    """Let a picture fill its column."""
    return chart.properties(width="container", height=height)


def choice(name: str, label: str, options: list[str], first: str | None = None) -> alt.Parameter:
    """Let the reader choose one of some values; charts filter by it."""
    select = alt.binding_select(options=options, name=f"{label}: ")
    return alt.param(name=name, value=first or options[0], bind=select)


def specification(chart: alt.TopLevelMixin, description: str) -> dict[str, Any]:
    """Make the Vega-Lite specification of a picture for the page; a screen reader says its text."""
    with alt.data_transformers.enable("default", max_rows=None):
        spec = chart.to_dict()
    # Altair's own settings are those of a picture that stands alone
    spec["config"] = CONFIG
    spec["description"] = description
    spec["autosize"] = {"type": "fit-x" if spec.get("width") == "container" else "pad"}
    return spec


def save(spec: dict[str, Any], stem: Path) -> None:
    """Write a picture as SVG and PNG, on white, beside each other."""
    import vl_convert

    alone = spec | {"config": CONFIG | {"background": "white"}, "padding": 12}
    if alone.get("width") == "container":
        alone["width"] = WIDTH
    text = json.dumps(alone).replace(f'"{TEXT}"', '"#1d1f23"')
    version = alt.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]
    stem.with_suffix(".svg").write_text(vl_convert.vegalite_to_svg(text, version), "utf-8")
    stem.with_suffix(".png").write_bytes(vl_convert.vegalite_to_png(text, version, scale=2))
