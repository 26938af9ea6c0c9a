"""The page of a user."""

from explorer.text import plain, shown_title
from tests.explorer.views.conftest import Draw, texts
from tests.pipeline import Pipeline


def test_a_user_has_segment_ratings_and_recommendations(sample: Pipeline, draw: Draw) -> None:
    app = draw("user", sample.warehouse)
    app.number_input[0].set_value(200).run()

    assert app.title[0].value == "User 200"
    said = texts(app)
    for title, reason in sample.rows(
        "select title, reason from predictions.current_recommendations where user_id = 200"
    ):
        assert plain(shown_title(title, 0)) in said
        assert plain(reason) in said
    ((name,),) = sample.rows(
        "select name from predictions.segment_profiles inner join ml.user_segments"
        " using (run_id, segment) where user_id = 200"
    )
    assert plain(name) in said
    shown = app.table[0].value
    expected = sample.rows(
        "select rating, prediction, title from predictions.current_predictions"
        " inner join core.dim_movies using (movie_id) where user_id = 200"
        " order by rating desc, prediction desc, movie_id limit 20"
    )
    assert shown["rated"].tolist() == [plain(f"{rating:.1f}") for rating, _, _ in expected]
    assert shown["predicted"].tolist() == [plain(f"{value:.1f}") for _, value, _ in expected]
    assert shown["title"].tolist() == [plain(shown_title(title, 0)) for _, _, title in expected]


def test_somebody_else_is_somebody(sample: Pipeline, draw: Draw) -> None:
    app = draw("user", sample.warehouse)
    seen = {app.number_input[0].value}
    for _ in range(4):
        app.button[0].click().run()
        assert not app.exception
        seen.add(app.number_input[0].value)
    assert len(seen) > 1


def test_the_order_of_ratings_can_be_chosen(sample: Pipeline, draw: Draw) -> None:
    app = draw("user", sample.warehouse)
    app.number_input[0].set_value(200).run()
    app.selectbox[0].select_index(2).run()
    first = app.table[0].value.iloc[0]
    ((rating, prediction),) = sample.rows(
        "select rating, prediction from predictions.current_predictions where user_id = 200"
        " order by abs(rating - prediction) desc limit 1"
    )
    assert (first["rated"], first["predicted"]) == (
        plain(f"{rating:.1f}"),
        plain(f"{prediction:.1f}"),
    )


def test_without_models_a_user_has_a_history(marked: Pipeline, draw: Draw) -> None:
    app = draw("user", marked.warehouse)
    assert len(app.table[0].value) >= 5
    assert texts(app).count("`make train`") == 2
