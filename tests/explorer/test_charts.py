"""Charts say what they draw, whatever the data."""

from typing import Any

import pandas as pd
import pytest
from altair.typing import ChartType

from explorer import charts

SCALE = (0.5, 5.0)


def dictionary(chart: ChartType) -> dict[str, Any]:
    drawn: dict[str, Any] = chart.to_dict()
    return drawn


def test_axes_name_their_units() -> None:
    years = pd.DataFrame({"year": [2000], "rating_count": [1], "mean_rating": [4.0]})
    mean, count = dictionary(charts.rating_years(years, SCALE))["vconcat"]
    assert mean["encoding"]["y"]["title"] == "mean, stars"
    assert mean["encoding"]["y"]["scale"]["domain"] == list(SCALE)
    assert count["encoding"]["y"]["title"] == "ratings"
    # One rating has no half
    assert count["encoding"]["y"]["axis"]["tickMinStep"] == 1


def test_ratings_without_time_or_prediction_are_left_out() -> None:
    ratings = pd.DataFrame(
        {
            "rating": [1.0, 2.0],
            "prediction": [None, 2.5],
            "title": ["A", "B"],
            "rated_at": pd.to_datetime(pd.Series(["2020-01-01", None])),
        }
    )
    assert _titles(dictionary(charts.history(ratings, SCALE))) == ["A"]
    assert _titles(dictionary(charts.predictions(ratings, SCALE))) == ["B"]


def _titles(chart: dict[str, Any]) -> list[str]:
    rows = [row for data in chart["datasets"].values() for row in data]
    return [row["title"] for row in rows if "title" in row]


def test_models_stand_in_their_order_and_zero_has_a_line() -> None:
    rows = pd.DataFrame(
        {
            "model": ["z", "a"],
            "value": [1.0, 2.0],
            "ci_low": [0.5, 1.5],
            "ci_high": [1.5, 2.5],
            "row_count": [9, 9],
        }
    )
    for zero, layers in ((False, 2), (True, 3)):
        chart = dictionary(charts.intervals(rows, "value", "rmse", zero=zero))
        assert len(chart["layer"]) == layers
        assert chart["layer"][-1]["encoding"]["y"]["sort"] == ["z", "a"]
        assert chart["layer"][-1]["encoding"]["x"]["field"] == "value"


@pytest.mark.parametrize("kind", charts.KINDS)
@pytest.mark.parametrize(
    ("values", "type_of_axis"),
    [
        (["a", "b"], "nominal"),
        ([1, 2], "quantitative"),
        (pd.to_datetime(["2020-01-01", "2021-01-01"]), "temporal"),
        ([None, None], "nominal"),
    ],
)
def test_columns_of_any_name_and_type_are_drawn(kind: str, values: Any, type_of_axis: str) -> None:
    x, y = "a.b[0]:Q", "count(*)"
    chart = dictionary(charts.result(pd.DataFrame({x: values, y: [1, None]}), kind, x, y))
    axis = chart["encoding"]["y" if type_of_axis == "nominal" else "x"]
    expected = "ordinal" if (kind, type_of_axis) == ("bars", "quantitative") else type_of_axis
    assert axis["type"] == expected
    assert x in [tip["title"] for tip in chart["encoding"]["tooltip"]]


def test_so_many_texts_are_drawn() -> None:
    rows = pd.DataFrame({"t": [f"text {number}" for number in range(999)], "n": range(999)})
    chart = dictionary(charts.result(rows, "bars", "t", "n"))
    (data,) = chart["datasets"].values()
    assert len(data) == charts.ROWS_OF_TEXT
