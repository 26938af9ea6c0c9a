"""The page of SQL."""

from streamlit.testing.v1 import AppTest

from explorer.examples import EXAMPLES
from explorer.limits import ROWS
from tests.explorer.views.conftest import Draw, texts
from tests.pipeline import Pipeline


def ask(app: AppTest, query: str) -> AppTest:
    app.text_area[0].input(query)
    (run,) = [button for button in app.button if button.label == "Run"]
    return run.click().run()


def test_an_example_can_be_run_and_drawn(sample: Pipeline, draw: Draw) -> None:
    app = draw("sql", sample.warehouse)
    question = "How are the ratings distributed?"
    app.selectbox(key="example").set_value(question).run()
    assert app.text_area[0].value == EXAMPLES[question].strip()
    ask(app, app.text_area[0].value)
    assert not app.error
    assert len(app.dataframe[0].value) == 10
    for kind in ("bars", "line", "points"):
        (choice,) = [box for box in app.selectbox if box.label == "Kind"]
        choice.set_value(kind).run()
        assert not app.exception


def test_a_long_result_is_cut_and_this_is_said(sample: Pipeline, draw: Draw) -> None:
    app = ask(draw("sql", sample.warehouse), "from core.fct_ratings")
    assert len(app.dataframe[0].value) == ROWS
    assert "The first 10,000 rows; there are more." in texts(app)


def test_mistakes_and_trespassing_are_said_in_sentences(sample: Pipeline, draw: Draw) -> None:
    app = draw("sql", sample.warehouse)
    ask(app, "select * fom core.fct_ratings")
    assert app.error[0].value.startswith("The query cannot be read")
    assert app.code[0].value.startswith("LINE 1")
    ask(app, "select `a`")
    assert not app.exception
    ask(app, "from read_csv('/etc/passwd')")
    assert "is not to be had here" in app.error[0].value
    ask(app, "drop table core.fct_ratings")
    assert app.error[0].value.startswith("Only one query runs here")
    assert not app.dataframe


def test_results_of_any_shape_are_shown(marked: Pipeline, draw: Draw) -> None:
    app = draw("sql", marked.warehouse)
    for query in (
        "select title from core.dim_movies",
        "select 1 as a, 2 as a",
        "select [1, 2] as list, {'a': ':smile:'} as struct, interval 1 day as gap from range(3)",
        "select * from core.dim_movies where movie_id < 0",
        "select null as nothing, 1 as n from range(2)",
    ):
        ask(app, query)
        assert not app.exception
        assert not app.error
        assert app.dataframe


def test_the_schema_stands_beside_it(sample: Pipeline, draw: Draw) -> None:
    app = draw("sql", sample.warehouse)
    (choice,) = [box for box in app.selectbox if box.label == "A relation, and what it holds"]
    choice.set_value("core.fct_ratings").run()
    assert app.table[0].value["column"].tolist() == [
        "user_id",
        "movie_id",
        "rating",
        "rated_at",
    ]
