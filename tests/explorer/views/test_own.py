"""The page of somebody new."""

from explorer.newcomers import DOZEN
from explorer.text import plain
from models_ml.recommend.newcomer import recommend
from tests.explorer.views.conftest import Draw, texts
from tests.pipeline import Pipeline
from warehouse.published import read_published
from warehouse.publishing import models_folder


def test_each_rating_changes_the_list_at_once(sample: Pipeline, draw: Draw) -> None:
    app = draw("own", sample.warehouse)
    assert len(app.button_group) == DOZEN
    assert "Rate a movie, and a list appears here." in texts(app)
    ratings: dict[int, float] = {}
    for movie_id, stars in ((318, 5.0), (593, 4.5), (919, 1.0)):
        app.button_group(key=f"stars {movie_id}").set_value(stars).run()
        ratings[movie_id] = stars
        with read_published(sample.warehouse) as connection:
            _, expected = recommend(connection, models_folder(sample.warehouse), ratings)
        for movie in expected:
            assert plain(movie.reason) in texts(app)
    assert "From 3 ratings" in texts(app)


def test_a_movie_that_is_found_can_be_rated_too(sample: Pipeline, draw: Draw) -> None:
    app = draw("own", sample.warehouse)
    app.text_input[0].input("groundhog dya").run()
    app.button(key="add 1265").click().run()
    app.button_group(key="stars 1265").set_value(5.0).run()
    assert plain("because you rated Groundhog Day (1993) 5.0") in texts(app)
    assert app.text_input[0].value == ""


def test_ratings_can_be_forgotten(sample: Pipeline, draw: Draw) -> None:
    app = draw("own", sample.warehouse)
    app.button_group(key="stars 318").set_value(5.0).run()
    (forget,) = [button for button in app.button if button.label == "Forget my ratings"]
    forget.click().run()
    assert not app.exception
    assert not app.button_group(key="stars 318").value
    assert "Rate a movie, and a list appears here." in texts(app)


def test_without_models_it_is_said_how_to_train_them(marked: Pipeline, draw: Draw) -> None:
    app = draw("own", marked.warehouse)
    app.button_group(key="stars 1").set_value(5.0).run()
    assert "make train" in texts(app)
