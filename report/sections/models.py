"""The models: how they were trained, how far off they are, and what one user gets."""

from collections import Counter

import altair as alt
import pandas as pd

from report.charts import BLUE, GREY, ORANGE, TEXT, WIDTH, choice, wide
from report.exhibits import Column, Exhibit, Section

MISSING = "No model was trained on these data yet: `make train` fits them."

PROTOCOLS = ["random", "temporal", "last"]

SPLIT_ROWS = (
    "select user_id, movie_id, rating, user_code, movie_code"
    " from features.rating_splits inner join features.user_codes using (user_id)"
    " inner join features.movie_codes using (movie_id)"
    " where random_split = '{split}' and user_id = $user order by movie_id limit 5"
)
SPLIT_COLUMNS = {
    "user_id": Column("user", "d"),
    "movie_id": Column("movie", "d"),
    "rating": Column("rating", ".1f"),
    "user_code": Column("user code", "d"),
    "movie_code": Column("movie code", "d"),
}


def network(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the layers of the chosen model as boxes, from the inputs down to the prediction."""
    boxes, arrows = [], []
    for name, layers in frame.groupby("model"):
        places = _places(layers)
        most = max(Counter(line for _, line in places.values()).values())
        for layer in layers.to_dict("records"):
            column, line = places[layer["layer"]]
            boxes.append(layer | {"x": column, "y": line, "half": 0.47 / max(most, 4)})
            for source in layer["inputs"]:
                above, start = places[source]
                ends = {"x": above, "y": start + 0.36, "x2": column, "y2": line - 0.36}
                arrows.append(ends | {"model": name})
    models = list(dict.fromkeys(frame["model"]))
    model = choice("model", "Model", models)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, 0.5], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(reverse=True, zero=False, nice=False))
    drawn = alt.Chart(pd.DataFrame(boxes)).transform_filter("datum.model == model")
    lines = (
        alt.Chart(pd.DataFrame(arrows))
        .transform_filter("datum.model == model")
        .mark_rule(strokeWidth=1.5)
        .encode(x=x, y=y, x2="x2:Q", y2="y2:Q")
    )
    tooltip = [
        alt.Tooltip("layer:N"),
        alt.Tooltip("kind:N"),
        alt.Tooltip("output_shape:N", title="gives"),
        alt.Tooltip("weight_count:Q", title="weights", format=","),
    ]
    outlines = (
        drawn.transform_calculate(top="datum.y - 0.36", bottom="datum.y + 0.36")
        .transform_calculate(left="datum.x - datum.half", right="datum.x + datum.half")
        .mark_rect(fillOpacity=0.12, fill=BLUE, stroke=BLUE, cornerRadius=4)
        .encode(
            x=alt.X("left:Q", axis=None),
            x2="right:Q",
            y=alt.Y("top:Q", axis=None),
            y2="bottom:Q",
            tooltip=tooltip,
        )
    )
    names = drawn.mark_text(dy=-14, fontWeight="bold", fontSize=11).encode(x=x, y=y, text="layer:N")
    shapes = drawn.mark_text(fontSize=11).encode(x=x, y=y, text="output_shape:N")
    weights = (
        drawn.transform_filter("datum.weight_count > 0")
        .transform_calculate(says="format(datum.weight_count, ',') + ' weights'")
        .mark_text(dy=14, fontSize=11)
        .encode(x=x, y=y, text="says:N")
    )
    drawing = (lines + outlines + names + shapes + weights).add_params(model)
    return drawing.properties(width=WIDTH, height=66 * (1 + max(box["y"] for box in boxes)))


def _places(layers: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Place each layer one line above the highest layer that reads it.

    In a line, layers stand in the order of those that read them, so that few arrows cross.
    """
    readers: dict[str, list[str]] = {name: [] for name in layers["layer"]}
    for layer in layers.to_dict("records"):
        for source in layer["inputs"]:
            readers[source].append(layer["layer"])
    heights: dict[str, int] = {}
    for name in layers.sort_values("position", ascending=False)["layer"]:
        heights[name] = 1 + max((heights[reader] for reader in readers[name]), default=-1)
    top = max(heights.values())
    columns: dict[str, float] = {}
    for height in sorted(set(heights.values())):
        names = [name for name in layers["layer"] if heights[name] == height]
        below = {name: [columns[reader] for reader in readers[name]] or [0.0] for name in names}
        names.sort(key=lambda name: sum(below[name]) / len(below[name]))
        for number, name in enumerate(names):
            columns[name] = (number + 0.5) / len(names) - 0.5
    return {name: (columns[name], float(top - heights[name])) for name in layers["layer"]}


def training_curves(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw both losses of the chosen fit by epoch, and mark the epoch that was kept."""
    fits = list(dict.fromkeys(frame["fit"]))
    first = "matrix_factorisation, random"
    fit = choice("fit", "Fit", fits, first if first in fits else None)
    scale = alt.Scale(type="log", zero=False)
    base = alt.Chart(frame).transform_filter("datum.fit == fit")
    kinds = alt.Scale(domain=["training rows", "validation rows"], range=[BLUE, ORANGE])
    lines = (
        base.transform_calculate(
            **{"training rows": "datum.loss", "validation rows": "datum.val_loss"}
        )
        .transform_fold(["training rows", "validation rows"], as_=["rows", "error"])
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("error:Q", title="mean squared error (stars²)", scale=scale),
            color=alt.Color("rows:N", title=None, scale=kinds),
            strokeDash=alt.StrokeDash("rows:N", title=None, scale=alt.Scale(domain=kinds.domain)),
            tooltip=[
                alt.Tooltip("epoch:Q"),
                alt.Tooltip("loss:Q", format=".4f"),
                alt.Tooltip("val_loss:Q", title="validation loss", format=".4f"),
            ],
        )
    )
    kept = base.transform_filter("datum.is_kept").encode(x="epoch:Q", y="val_loss:Q")
    mark = kept.mark_point(size=160, color=TEXT, strokeWidth=2)
    label = kept.mark_text(dy=-16, text="kept", color=TEXT)
    return wide((lines + mark + label).add_params(fit), height=280)


def _intervals(
    base: alt.Chart, x: alt.X, y: alt.Y, colour: alt.Color, tooltip: list[alt.Tooltip]
) -> alt.LayerChart:
    offset = alt.YOffset("protocol:N", sort=PROTOCOLS)
    shape = alt.Shape("protocol:N", title="protocol", scale=alt.Scale(domain=PROTOCOLS))
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=x, y=y, yOffset=offset, color=colour, shape=shape, tooltip=tooltip
    )
    rules = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("ci_low:Q"), x2="ci_high:Q", y=y, yOffset=offset, color=colour, tooltip=tooltip
    )
    return rules + points


FIGURES = [
    alt.Tooltip("model:N"),
    alt.Tooltip("protocol:N"),
    alt.Tooltip("slice:N"),
    alt.Tooltip("value:Q", format=".4f"),
    alt.Tooltip("ci_low:Q", title="from", format=".4f"),
    alt.Tooltip("ci_high:Q", title="to", format=".4f"),
    alt.Tooltip("row_count:Q", title="rows", format=","),
]


def leaderboard(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the chosen metric of each model, with its interval, by protocol."""
    metrics = list(dict.fromkeys(frame["metric"]))
    metric = choice("metric", "Metric", metrics)
    base = alt.Chart(frame).transform_filter("datum.metric == metric").add_params(metric)
    return wide(
        _intervals(
            base,
            alt.X("value:Q", title="value, with its 95% interval", scale=alt.Scale(zero=False)),
            alt.Y("model:N", title=None, sort=list(dict.fromkeys(frame["model"]))),
            alt.Color("protocol:N", title="protocol", scale=alt.Scale(domain=PROTOCOLS)),
            [*FIGURES, alt.Tooltip("track:N"), alt.Tooltip("fitted_to:N", title="fitted to")],
        ),
        height=alt.Step(20),
    )


def slices(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the error of the chosen model in each slice, with its interval."""
    models = list(dict.fromkeys(frame["model"]))
    model = choice("model", "Model", models)
    base = alt.Chart(frame).transform_filter("datum.model == model").add_params(model)
    y = alt.Y("slice:N", title=None, sort=list(dict.fromkeys(frame["slice"])))
    x = alt.X("value:Q", title="RMSE (stars), with its 95% interval", scale=alt.Scale(zero=False))
    points = base.mark_point(filled=True, size=60, color=BLUE, opacity=1)
    rules = base.mark_rule(color=BLUE, strokeWidth=2)
    return wide(
        rules.encode(x="ci_low:Q", x2="ci_high:Q", y=y, tooltip=FIGURES)
        + points.encode(x=x, y=y, tooltip=FIGURES),
        height=alt.Step(18),
    )


def calibration(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the mean rating against the mean prediction, with intervals and the ideal line."""
    fits = list(dict.fromkeys(frame["fit"]))
    fit = choice("fit", "Fit", fits)
    base = alt.Chart(frame).transform_filter("datum.fit == fit").add_params(fit)
    ends = [float(frame["mean_prediction"].min()), float(frame["mean_prediction"].max())]
    ideal = alt.Chart(pd.DataFrame({"ideal": ends})).mark_line(color=GREY, strokeDash=[4, 4])
    x = alt.X("mean_prediction:Q", title="mean prediction (stars)", scale=alt.Scale(zero=False))
    y = alt.Y("mean_rating:Q", title="mean rating (stars)", scale=alt.Scale(zero=False))
    tooltip = [
        alt.Tooltip("mean_prediction:Q", format=".2f"),
        alt.Tooltip("mean_rating:Q", format=".2f"),
        alt.Tooltip("ci_low:Q", title="from", format=".2f"),
        alt.Tooltip("ci_high:Q", title="to", format=".2f"),
        alt.Tooltip("row_count:Q", title="test ratings", format=","),
    ]
    points = base.mark_point(filled=True, size=70, color=BLUE, opacity=1)
    rules = base.mark_rule(color=BLUE, strokeWidth=2)
    return wide(
        ideal.encode(x=alt.X("ideal:Q"), y=alt.Y("ideal:Q"))
        + rules.encode(x=x, y="ci_low:Q", y2="ci_high:Q", tooltip=tooltip)
        + points.encode(x=x, y=y, tooltip=tooltip),
        height=320,
    )


def coverage(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the share of ratings within their interval, by prediction, beside the 90% promised."""
    fits = list(dict.fromkeys(frame["fit"]))
    fit = choice("fit", "Fit", fits)
    base = alt.Chart(frame).transform_filter("datum.fit == fit").add_params(fit)
    promised = alt.Chart(pd.DataFrame({"promised": [90]}))
    rule = promised.mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="promised:Q")
    label = promised.mark_text(text="promised", align="left", dx=4, dy=-8)
    bars = base.mark_point(filled=True, color=BLUE, opacity=1).encode(
        x=alt.X("mean_prediction:Q", title="mean prediction (stars)", scale=alt.Scale(zero=False)),
        y=alt.Y("covered_pct:Q", title="% of ratings within", scale=alt.Scale(zero=False)),
        size=alt.Size("interval_count:Q", scale=alt.Scale(range=[30, 300]), legend=None),
        tooltip=[
            alt.Tooltip("lower_bound:Q", title="prediction from"),
            alt.Tooltip("upper_bound:Q", title="to"),
            alt.Tooltip("covered_pct:Q", title="% within", format=".1f"),
            alt.Tooltip("interval_count:Q", title="test ratings", format=","),
        ],
    )
    return wide(rule + label.encode(x=alt.value(0), y="promised:Q") + bars, height=260)


def predictions_of_user(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each rating of the user against its prediction."""
    return wide(
        alt.Chart(frame)
        .mark_point(filled=True, size=50, opacity=0.5, color=BLUE)
        .encode(
            x=alt.X("prediction:Q", title="prediction (stars)", scale=alt.Scale(zero=False)),
            y=alt.Y("rating:Q", title="rating (stars)", scale=alt.Scale(zero=False)),
            tooltip=[
                alt.Tooltip("title:N"),
                alt.Tooltip("rating:Q", format=".1f"),
                alt.Tooltip("prediction:Q", format=".2f"),
            ],
        ),
        height=260,
    )


def _board(kinds: str) -> str:
    """Select the values of all metrics of some kinds, over all rows."""
    return (
        "select metric, model, protocol, slice, value, ci_low, ci_high, row_count,"
        " track, coalesce(fitted_to, 'all') as fitted_to"
        " from predictions.model_leaderboard inner join predictions.metrics using (metric)"
        f" where kind in ({kinds}) and slice = 'all'"
        " order by metric not in ('rmse', 'ndcg@10'), metric, model, protocol"
    )


def _calibration(condition: str) -> str:
    return (
        "select model || ', ' || protocol as fit, calibration.* from predictions.calibration"
        " inner join predictions.models using (model)"
        f" where {condition} order by serving_rank nulls last, fit, lower_bound"
    )


SECTION = Section(
    "models",
    "Models",
    "Each model learns from training rows, chooses on validation rows and is judged on test rows"
    " that it never saw. The protocols hold out ratings at random, the latest of all users, or the"
    " last of each user.",
    (
        Exhibit(
            "training_rows",
            "Rows that models learn from",
            "features.rating_splits",
            SPLIT_ROWS.format(split="train"),
            "The first training rows of one user under the random protocol, with the dense codes"
            " that networks read.",
            columns=SPLIT_COLUMNS,
            reference="Table 10",
        ),
        Exhibit(
            "test_rows",
            "Rows that models are judged on",
            "features.rating_splits",
            SPLIT_ROWS.format(split="test"),
            "The first test rows of the same user.",
            columns=SPLIT_COLUMNS,
            reference="Table 11",
        ),
        Exhibit(
            "networks",
            "The networks as graphs",
            "predictions.network_layers",
            "select model, position, layer, kind, output_shape, weight_count, inputs"
            " from predictions.network_layers"
            " order by model <> 'matrix_factorisation', model, position",
            "Choose a model. Inputs are on top, the prediction is at the bottom.",
            network,
            reference="Figure 6",
        ),
        Exhibit(
            "network_layers",
            "The networks, layer by layer",
            "predictions.network_layers",
            "select model, position, layer, kind, output_shape, weight_count"
            " from predictions.network_layers"
            " order by model <> 'matrix_factorisation', model, position",
            "Choose a model.",
            columns={
                "layer": Column("layer"),
                "kind": Column("kind"),
                "output_shape": Column("gives"),
                "weight_count": Column("weights", ",d"),
            },
            pick="model",
            reference="Table 12",
        ),
        Exhibit(
            "training_curves",
            "Loss by epoch",
            "predictions.training_curves",
            "select model || ', ' || protocol as fit, epoch, loss, val_loss, is_kept"
            " from predictions.training_curves order by fit, epoch",
            "Choose a fit. Training ends when the loss of the validation rows falls no more, and"
            " the best epoch's weights are kept. The axis is logarithmic.",
            training_curves,
            reference="Figure 7",
        ),
        Exhibit(
            "rating_leaderboard",
            "How far predictions are off",
            "predictions.model_leaderboard",
            _board("'ratings'"),
            "Choose a metric. Intervals are bootstrapped by user. The axis does not start at 0.",
            leaderboard,
        ),
        Exhibit(
            "list_leaderboard",
            "How good the lists are",
            "predictions.model_leaderboard",
            _board("'lists', 'exposures'"),
            "Choose a metric; predictions.metrics says what each means and which end is better.",
            leaderboard,
        ),
        Exhibit(
            "calibration",
            "Whether predictions mean what they say",
            "predictions.calibration",
            _calibration("row_count > 0"),
            "Choose a fit. On the dashed line, movies predicted 4 stars get 4 stars on average.",
            calibration,
        ),
        Exhibit(
            "interval_coverage",
            "Whether intervals hold what they promise",
            "predictions.calibration",
            _calibration("interval_count > 0"),
            "Choose a fit. Of the ratings, 90% are to lie within their interval. A larger point"
            " stands for more test ratings.",
            coverage,
        ),
        Exhibit(
            "error_by_slice",
            "For whom and for what predictions are off",
            "predictions.model_leaderboard",
            "select model, protocol, slice, value, ci_low, ci_high, row_count"
            " from predictions.model_leaderboard inner join predictions.models using (model)"
            " where metric = 'rmse' and protocol = 'random'"
            " order by serving_rank nulls last, model, slice <> 'all', slice",
            "Choose a model. Random protocol. The axis does not start at 0.",
            slices,
        ),
    ),
    missing=MISSING,
)


ONE_USER = Section(
    "user",
    "One user",
    "What the warehouse says of one user: `make recommend USER=200` prints it for any other.",
    (
        Exhibit(
            "user_predictions",
            "The user's ratings against predictions",
            "predictions.current_predictions",
            "select title, rating, prediction from predictions.current_predictions"
            " inner join core.dim_movies using (movie_id) where user_id = $user"
            " order by rating desc, prediction desc, movie_id",
            "Each point is a movie that the user rated.",
            predictions_of_user,
        ),
        Exhibit(
            "user_best",
            "What the user liked best, and what was predicted",
            "predictions.current_predictions",
            "select title, genres, rating, prediction from predictions.current_predictions"
            " inner join core.dim_movies using (movie_id) where user_id = $user"
            " order by rating desc, prediction desc, movie_id limit 20",
            "The model that serves has seen these ratings.",
            columns={
                "title": Column("title"),
                "genres": Column("genres", is_wide=True),
                "rating": Column("rating", ".1f"),
                "prediction": Column("prediction", ".2f"),
            },
            reference="Table 13",
        ),
        Exhibit(
            "user_recommendations",
            "What the user may see next, and why",
            "predictions.current_recommendations",
            "select rank, title, prediction, lower_bound, upper_bound, reason"
            " from predictions.current_recommendations where user_id = $user order by rank",
            "Never a movie that the user has rated. The interval holds 90% of such ratings.",
            columns={
                "rank": Column("rank", "d"),
                "title": Column("title"),
                "prediction": Column("prediction", ".1f"),
                "lower_bound": Column("from", ".1f", is_wide=True),
                "upper_bound": Column("to", ".1f", is_wide=True),
                "reason": Column("reason"),
            },
            reference="Table 14",
        ),
    ),
    missing=MISSING,
)
