"""The page of a movie."""

import pytest

from explorer.text import plain, shown_title
from tests.explorer.conftest import MARKUP
from tests.explorer.views.conftest import Draw, texts
from tests.pipeline import Pipeline


@pytest.mark.parametrize("typed", ["pulp ficton", "Pulp Fiction (1994)", "PULP FICTION 1994"])
def test_a_title_is_found_though_it_is_mistyped(sample: Pipeline, draw: Draw, typed: str) -> None:
    app = draw("movie", sample.warehouse)
    app.text_input[0].input(typed).run()

    assert app.title[0].value == plain("Pulp Fiction (1994)")
    ((count, mean, score, rank),) = sample.rows(
        "select rating_count, mean_rating, weighted_score, score_rank"
        " from analytics.movie_scores where movie_id = 296"
    )
    assert [metric.value for metric in app.metric] == [
        f"{count:,}",
        f"{mean:.2f}",
        f"{score:.3f}",
        f"{rank:,}",
    ]


def test_a_click_on_a_similar_movie_shows_it(sample: Pipeline, draw: Draw) -> None:
    app = draw("movie", sample.warehouse)
    app.text_input[0].input("toy story").run()
    (nearest,) = sample.rows(
        "select similar_movie_id, similar_title from predictions.similar_movies"
        " where movie_id = 1 and rank = 1"
    )
    app.button(key=f"similar {nearest[0]}").click().run()
    assert f"movie {nearest[0]}" in texts(app)
    assert app.text_input[0].value == ""
    app.text_input[0].input("toy story").run()
    assert app.title[0].value == plain("Toy Story (1995)")


def test_a_link_leads_to_a_movie(sample: Pipeline, draw: Draw) -> None:
    app = draw("movie", sample.warehouse)
    app.query_params["movie"] = "296"
    app.run()
    assert app.title[0].value == plain("Pulp Fiction (1994)")
    for nonsense in ("0", "x", "9" * 30, "-1", "²"):
        app.query_params["movie"] = nonsense
        app.run()
        assert not app.exception
        assert app.title or "There is no such movie" in texts(app)


def test_what_no_title_is_like_is_said(sample: Pipeline, draw: Draw) -> None:
    app = draw("movie", sample.warehouse)
    app.text_input[0].input("*qqqq* xxxx wwww jjjj").run()
    assert plain("No title is like *qqqq* xxxx wwww jjjj.") in texts(app)


@pytest.mark.parametrize("number", range(1, len(MARKUP) + 2))
def test_without_models_each_movie_has_its_page(marked: Pipeline, draw: Draw, number: int) -> None:
    app = draw("movie", marked.warehouse)
    app.query_params["movie"] = str(number)
    app.run()
    assert not app.exception
    assert f"movie {number}" in texts(app)
    assert "`make train`" in texts(app)
    title = MARKUP[number - 1] if number <= len(MARKUP) else "Unrated (2010)"
    assert app.title[0].value == plain(shown_title(title, number))
