"""Movies are told by what the marts say of them, in the order of their ids."""

import numpy as np
import pandas as pd

from models_ml.ratings.content import Content, content_of


def movies_of(genres: list[tuple[int, str]], years: list[int | None]) -> Content:
    """Movies 30, 10, 20, in this order, of the years."""
    movies = pd.DataFrame(
        {"movie_id": [30, 10, 20], "release_year": pd.array(years, "Int32"), "title": "Title"}
    )
    listed = pd.DataFrame(genres, columns=["movie_id", "genre"])
    # As the runner reads it
    listed["genre"] = listed["genre"].astype("category")
    return content_of({"core.dim_movies": movies, "core.bridge_movie_genres": listed})


def test_movies_stand_in_the_order_of_their_ids() -> None:
    content = movies_of([(30, "War"), (10, "Drama"), (30, "Comedy")], [1990, 1970, 1980])

    assert content.movie_ids.tolist() == [10, 20, 30]
    assert content.years.tolist() == [1970, 1980, 1990]
    # Comedy, drama, war
    assert content.genres.tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 1]]


def test_a_year_that_is_not_known_is_nan() -> None:
    content = movies_of([(10, "Drama")], [None, 1970, None])

    np.testing.assert_array_equal(content.years, [1970, np.nan, np.nan])


def test_no_genre_is_not_a_genre() -> None:
    content = movies_of([(10, "None"), (20, "Drama"), (30, "None")], [1990, 1970, 1980])

    assert content.genres.tolist() == [[0], [1], [0]]


def test_movies_may_all_be_without_genres() -> None:
    content = movies_of([(10, "None")], [1990, 1970, 1980])

    assert content.genres.shape == (3, 0)
