"""The drawing of the embedding model shows the model that the code builds."""

import numpy as np
import pytest

from models_ml.fitting.backend import load_keras
from models_ml.ratings import drawing
from models_ml.ratings.embedding_model import build_model


@pytest.fixture(scope="module")
def chart() -> str:
    return drawing.flowchart(build_model(n_users=5, content=np.ones((7, 3), np.float32), factors=4))


def test_the_committed_page_is_what_the_code_draws() -> None:
    assert drawing.PAGE.read_text(encoding="utf-8") == drawing.page()


def test_the_page_can_be_written_anew(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(drawing, "PAGE", tmp_path / "docs" / "page.md")
    assert drawing.main() == 0
    assert (tmp_path / "docs" / "page.md").read_text(encoding="utf-8") == drawing.page()
    assert "page.md" in capsys.readouterr().out


def test_each_layer_has_a_box_with_its_shape_and_weights(chart: str) -> None:
    lines = chart.splitlines()

    assert lines[0] == "flowchart TB"
    assert '    user(["<b>user</b><br>Input<br>a number"])' in lines
    assert (
        '    user_factors["<b>user_factors</b><br>Embedding<br>1 x 4 numbers<br>20 weights"]'
        in lines
    )
    assert (
        '    content["<b>content</b><br>Embedding<br>1 x 3 numbers<br>21 fixed numbers"]' in lines
    )
    assert '    content_bias["<b>content_bias</b><br>Dense<br>a number<br>3 weights"]' in lines


def test_inputs_come_first(chart: str) -> None:
    boxes = [line for line in chart.splitlines() if '"' in line]
    assert [line.split("(")[0].strip() for line in boxes if "([" in line] == ["movie", "user"]


def test_arrows_say_what_goes_where(chart: str) -> None:
    arrows = {line.strip() for line in chart.splitlines() if "-->" in line}

    assert {arrow for arrow in arrows if arrow.endswith("> dot_product")} == {
        "user_vector --> dot_product",
        "movie_vector --> dot_product",
    }
    assert "sum --> rating" in arrows


def test_a_chart_of_any_model() -> None:
    keras = load_keras()
    entry = keras.layers.Input(shape=(2,), name="x")
    model = keras.Model(entry, keras.layers.Dense(1, name="y")(entry))

    assert drawing.flowchart(model).splitlines() == [
        "flowchart TB",
        '    x(["<b>x</b><br>Input<br>2 numbers"])',
        '    y["<b>y</b><br>Dense<br>a number<br>3 weights"]',
        "    x --> y",
    ]
