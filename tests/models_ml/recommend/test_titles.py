"""Titles are found as people write them, and not guessed where they are not clear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.recommend.titles import Match, Movie, Titles, plain, sure
from tests.models_ml.recommend.catalogue import MOVIES


@pytest.fixture(scope="module")
def titles() -> Titles:
    return Titles([movie for movie in MOVIES if movie.title])


@pytest.mark.parametrize(
    ("written", "movie_id"),
    [
        ("Matrix, The (1999)", 1),
        ("the matrix", 1),
        ("MATRIX", 1),
        ("matrixx", 1),
        ("The Matrix 1999", 1),
        ("matrix (2000)", 1),
        ("matrix reloaded", 2),
        ("toy story", 3),
        ("Toy Story 2", 4),
        ("toy story ii", 4),
        ("sabrina (1995)", 6),
        ("sabrina 1954", 5),
        ("se7en", 7),
        ("shichinin no samurai", 8),
        ("Seven Samurai (Shichinin no samurai) (1954)", 8),
        ("godfather part 2", 9),
        ("the godfather", 10),
        ("2001 a space odyssey", 13),
        ("vita e bella", 14),
        ("500 days of summer", 15),
        ("(500) Days of Summer", 15),
        ("monty python holy grail", 16),
        ("$", 18),
    ],
)
def test_a_title_is_found_however_it_is_written(
    titles: Titles, written: str, movie_id: int
) -> None:
    movie = sure(titles.search(written))

    assert movie is not None and movie.movie_id == movie_id


@pytest.mark.parametrize(
    ("written", "offered"),
    [
        ("sabrina", {5, 6}),  # a remake
        ("lord of the rings", {11, 12}),  # the namesake is far less known than a part
        ("godfather 3", {9, 10}),  # a sequel that is not there
        ("matirx", {1}),  # a weak match
        ("the", set()),
    ],
)
def test_a_title_that_is_not_clear_is_not_guessed(
    titles: Titles, written: str, offered: set[int]
) -> None:
    matches = titles.search(written)

    assert sure(matches) is None
    assert offered <= {match.movie.movie_id for match in matches}


def test_of_equal_matches_the_most_rated_comes_first(titles: Titles) -> None:
    first, second, *_ = titles.search("sabrina")
    assert (first.movie.movie_id, second.movie.movie_id) == (6, 5)
    assert first.score == second.score == 100


def test_nothing_is_found_among_no_titles_or_for_no_words(titles: Titles) -> None:
    assert Titles([]).search("matrix") == []
    assert titles.search("  ") == []
    assert sure([]) is None


@given(st.sampled_from([movie for movie in MOVIES if movie.title]))
def test_a_title_as_the_warehouse_has_it_fits_wholly(movie: Movie) -> None:
    best, *_ = Titles([movie for movie in MOVIES if movie.title]).search(movie.title)
    assert best == Match(movie, 100)


@given(st.text())
def test_any_text_is_searched(text: str) -> None:
    matches = Titles(MOVIES[:4]).search(text)
    assert len(matches) <= 4
    assert all(match.score <= 100 for match in matches)


def test_plain_names_agree_but_for_what_does_not_matter() -> None:
    assert plain("The Godfather: Part II") == plain("godfather part 2") == "godfather part 2"
    assert plain("Amélie & l'Autre") == "amelie and lautre"
    assert plain("The The") == "the the"
    assert plain("$") == "$"
