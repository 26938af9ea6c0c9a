"""Somebody new rates a few movies and gets a list."""

import pytest

from explorer.newcomers import DOZEN, choices, recommended, start
from tests.pipeline import Pipeline
from warehouse.errors import UserError
from warehouse.published import read_published
from warehouse.publishing import models_folder


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ((0.5, 5, 0.5), [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]),
        ((1, 5, 1), [1, 2, 3, 4, 5]),
        ((1, 10, 1), list(range(1, 11))),
        ((0.5, 5, 0.1), [1, 2, 3, 4, 5]),
        ((0, 1, 0.25), [0, 0.25, 0.5, 0.75, 1]),
    ],
)
def test_stars_are_those_of_the_scale(
    scale: tuple[float, float, float], expected: list[float]
) -> None:
    assert choices(*scale) == expected


def test_a_dozen_movies_to_start_with(sample: Pipeline) -> None:
    with sample.connect() as connection:
        movies = start(connection)
    assert (
        movies
        == [
            movie_id
            for (movie_id,) in sample.rows(
                "select movie_id from analytics.start_list order by rank"
            )
        ][:DOZEN]
    )


def test_a_list_follows_from_the_ratings_and_names_none_of_them(sample: Pipeline) -> None:
    with read_published(sample.warehouse) as connection:
        movies = recommended(connection, models_folder(sample.warehouse), {318: 5.0, 296: 4.5})
        rated = {"Shawshank Redemption, The (1994)", "Pulp Fiction (1994)"}
        assert [movie.rank for movie in movies] == list(range(1, 21))
        assert not rated & {movie.title for movie in movies}


def test_without_models_it_is_said_how_to_train_them(marked: Pipeline) -> None:
    with (
        read_published(marked.warehouse) as connection,
        pytest.raises(UserError, match="make train"),
    ):
        recommended(connection, models_folder(marked.warehouse), {1: 5.0})
