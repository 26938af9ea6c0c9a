"""A file of somebody's own ratings: each line gives a rating, or says what is wrong with it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.recommend.own_ratings import Line, read_lines, resolve
from models_ml.recommend.titles import Match, Movie
from tests.models_ml.recommend.catalogue import MOVIES
from warehouse.errors import UserError
from warehouse.text import printable

SCALE = (0.5, 5.0)


def write(folder: Path, text: str) -> Path:
    path = folder / "my.csv"
    path.write_text(text, encoding="utf-8")
    return path


def ratings_of(path: Path, ask: Callable | None = None) -> dict[int, float]:
    return resolve(read_lines(path), MOVIES, SCALE, ask)


def test_titles_and_ids_are_read_in_any_order_of_columns(tmp_path: Path) -> None:
    text = '\ufeffRating, Title,movieId\n5,"Godfather, The",\n\n4.5,,3\n  2 ,nothing like it, 17\n'
    assert ratings_of(write(tmp_path, text)) == {10: 5.0, 3: 4.5, 17: 2.0}


def test_a_file_with_titles_alone_and_with_ids_alone(tmp_path: Path) -> None:
    assert ratings_of(write(tmp_path, "title,rating\nthe matrix,5\n")) == {1: 5.0}
    assert ratings_of(write(tmp_path, "movie_id,rating\n1,5\n")) == {1: 5.0}


def test_a_header_alone_rates_nothing(tmp_path: Path) -> None:
    assert ratings_of(write(tmp_path, "title,rating\n")) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "my.csv is empty: the first line names the columns"),
        ("title,stars\nheat,5\n", "my.csv, line 1: the first line names the columns"),
        ("rating\n5\n", "my.csv, line 1: the first line names the columns"),
        ("title,rating\nGodfather, The,5\n", "my.csv, line 2: 3 values where there are 2 columns"),
        ("title,rating\nmatrix\n", "my.csv, line 2: 1 values where there are 2 columns"),
        ("title,rating\nmatrix,5.5\n", "my.csv, line 2: the rating '5.5' is not a number of stars"),
        ("title,rating\nmatrix,0\n", "line 2: the rating '0' is not a number of stars from 0.5"),
        ("title,rating\nmatrix,good\n", "line 2: the rating 'good' is not a number of stars"),
        ("title,rating\nmatrix,nan\n", "line 2: the rating 'nan' is not a number of stars"),
        ("title,rating\nmatrix,\n", "line 2: the rating '' is not a number of stars"),
        ("movieId,rating\n99,5\n", "my.csv, line 2: the warehouse has no movie '99'."),
        ("movieId,rating\n1.5,5\n", "my.csv, line 2: the warehouse has no movie '1.5'."),
        ("title,movieId,rating\n,,5\n", "line 2: there is neither a title nor a movieId."),
        ("title,rating\nxyzzy plugh,5\n", "my.csv, line 2: no title is like 'xyzzy plugh'."),
        (
            "title,rating\nmatrix,5\nsabrina (1954),3\nThe Matrix,4\n",
            "my.csv, line 4: Matrix, The (1999) is rated twice, first in ",
        ),
        (
            "title,rating\nsabrina,5\n",
            "my.csv, line 2: 'sabrina' is not clear: write the movieId or the title with its year."
            " It may be:\n         6  Sabrina (1995)\n         5  Sabrina (1954)",
        ),
        ('title,rating\n"matrix,5\n', "not CSV"),
        ("title,rating\nmatrix,4_5\n", "line 2: the rating '4_5' is not a number of stars"),
        ("rating,title,rating\n1,matrix,5\n", "line 1: it has the column 'rating' twice."),
        (f"movieId,rating\n{'9' * 5000},5\n", "line 2: the warehouse has no movie '9999"),
        (f"title,rating\n{'x' * 100_000},5\n", "line 2: no title is like 'xxx"),
        (f"title,rating\nx{' ' * 100_000}y,5\n", "line 2: no title is like 'x  "),
        (f"title,rating\nx{'( ' * 50_000}y,5\n", "line 2: no title is like 'x( "),
        ("movieId,rating\n\x1b[31m,5\n", r"the warehouse has no movie '\x1b[31m'."),
        ("\x1b]0;title,rating\n", r"here it is '\x1b]0;title, rating'."),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_its_rule(
    tmp_path: Path, text: str, message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError) as raised:
        ratings_of(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_all_wrong_lines_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        ratings_of(write(tmp_path, "title,rating\nmatrix,9\nseven,5\nxyzzy plugh,5\n"))
    lines = str(raised.value).splitlines()
    assert [line.partition(": ")[0][-6:] for line in lines] == ["line 2", "line 4"]


def test_a_file_that_is_missing_or_not_a_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.csv cannot be read"):
        read_lines(tmp_path / "none.csv")
    with pytest.raises(UserError, match="cannot be read"):
        read_lines(tmp_path)
    path = tmp_path / "latin.csv"
    path.write_bytes("title,rating\nAmélie,5\n".encode("latin-1"))
    with pytest.raises(UserError, match="line 2: not a text in UTF-8"):
        read_lines(path)


PIECES = st.sampled_from(
    [
        *(
            b",",
            b"\n",
            b"\r",
            b'"',
            b"\0",
            b"\xff",
            b"\xef\xbb\xbf",
            b"title",
            b"movieId",
            b"rating",
        ),
        *(b"matrix", b"3", b"4.5", b"nan", b"-0.0", b"1e999", b"[/]", "\u202e".encode(), b"=1+1"),
    ]
)


@given(st.booleans(), st.lists(st.one_of(PIECES, st.binary(max_size=4)), max_size=20))
def test_any_file_gives_a_rating_for_each_line_or_says_what_is_wrong(
    tmp_path_factory: pytest.TempPathFactory, has_header: bool, pieces: list[bytes]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"movieId,title,rating\n" * has_header + b"".join(pieces))
    try:
        lines = read_lines(path)
        ratings = resolve(lines, MOVIES, SCALE)
    except UserError as error:
        assert str(path) in str(error)
        assert printable(str(error).replace("\n", "")) == str(error).replace("\n", "")
    else:
        assert len(ratings) == len(lines)
        assert all(SCALE[0] <= rating <= SCALE[1] for rating in ratings.values())


def test_a_person_is_asked_about_a_title_that_is_not_clear(tmp_path: Path) -> None:
    asked = []

    def ask(line: str, matches: Sequence[Match]) -> Movie | None:
        asked.append((line, [match.movie.movie_id for match in matches][:2]))
        return matches[1].movie

    path = write(tmp_path, "title,rating\nmatrix,5\nsabrina,4\n")
    assert ratings_of(path, ask) == {1: 5.0, 5: 4.0}
    assert asked == [(f"{path}, line 3: sabrina", [6, 5])]


def test_a_line_may_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "title,rating\nmatrix,5\nsabrina,4\n")
    assert ratings_of(path, lambda line, matches: None) == {1: 5.0}


def test_ids_are_checked_without_searching_titles() -> None:
    lines = [Line("here", "3", "", "4"), Line("there", "17", "", "1")]
    assert resolve(lines, MOVIES, SCALE) == {3: 4.0, 17: 1.0}
