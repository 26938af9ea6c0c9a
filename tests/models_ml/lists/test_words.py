import pytest

from models_ml.lists.words import readable_title, reason


@pytest.mark.parametrize(
    ("title", "readable"),
    [
        ("Heat (1995)", "Heat (1995)"),
        ("Shawshank Redemption, The (1994)", "The Shawshank Redemption (1994)"),
        ("Beautiful Mind, A (2001)", "A Beautiful Mind (2001)"),
        ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly (1966)"),
        ("Misérables, Les (1995)", "Les Misérables (1995)"),
        ("Seven Samurai, The (Shichinin no samurai) (1954)", "The Seven Samurai (1954)"),
        ("Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)", "Amelie (2001)"),
        ("(500) Days of Summer (2009)", "(500) Days of Summer (2009)"),
        ("M*A*S*H (a.k.a. MASH) (1970)", "M*A*S*H (1970)"),
        ("Me, Myself & Irene (2000)", "Me, Myself & Irene (2000)"),
        ("Office, The", "The Office"),
        ("movie 17", "movie 17"),
    ],
)
def test_titles_as_people_say_them(title: str, readable: str) -> None:
    assert readable_title(title) == readable


def test_a_reason_names_one_or_two_movies_and_their_stars() -> None:
    both = [("Heat (1995)", 5.0), ("Matrix, The (1999)", 4.5)]
    assert reason(both) == "because you rated Heat (1995) 5.0 and The Matrix (1999) 4.5"
    assert reason(both[:1]) == "because you rated Heat (1995) 5.0"


def test_without_likes_there_is_no_reason_of_the_users_own() -> None:
    assert reason([]) is None
