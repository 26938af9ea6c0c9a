"""The page of the models."""

import pytest

from explorer.text import plain
from tests.explorer.views.conftest import Draw, texts
from tests.pipeline import Pipeline


def test_models_are_compared_on_a_cell_of_the_leaderboard(sample: Pipeline, draw: Draw) -> None:
    app = draw("compare", sample.warehouse)
    protocol, metric, part, _ = app.selectbox
    assert (protocol.value, metric.value, part.value) == ("random", "rmse", "all")
    values = app.table[0].value
    expected = sample.rows(
        "select model, value from predictions.model_leaderboard where protocol = 'random'"
        " and metric = 'rmse' and slice = 'all' order by value, model"
    )
    assert values["model"].tolist() == [plain(model) for model, _ in expected]
    assert values["value"].tolist() == [plain(f"{value:.4f}") for _, value in expected]


@pytest.mark.parametrize(("protocol", "metric"), [("temporal", "mae"), ("last", "ndcg@10")])
def test_protocol_metric_and_slice_can_be_chosen(
    sample: Pipeline, draw: Draw, protocol: str, metric: str
) -> None:
    app = draw("compare", sample.warehouse)
    app.selectbox[0].set_value(protocol).run()
    app.selectbox[1].set_value(metric).run()
    app.selectbox[2].set_value("users: heavy").run()
    assert not app.exception
    assert plain(metric) in texts(app)
    count = sample.rows(
        f"select count(*) from predictions.model_leaderboard where protocol = '{protocol}'"
        f" and metric = '{metric}' and slice = 'users: heavy'"
    )
    assert [(len(app.table[0].value),)] == count


def test_without_models_it_says_what_to_do(marked: Pipeline, draw: Draw) -> None:
    app = draw("compare", marked.warehouse)
    assert "`make train`" in texts(app)
    assert not app.table
