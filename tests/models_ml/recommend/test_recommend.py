"""What `make recommend` says: titles as people write them, ratings of somebody new, the page."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from models_ml.lists.listing import readable_title
from models_ml.recommend.__main__ import _ask, main
from models_ml.recommend.own_ratings import Line, read_lines, resolve
from models_ml.recommend.page import WIDTH, Rated, Suggestion, rated_table, suggestion_table
from models_ml.recommend.titles import Match, Movie, Titles, plain, sure
from tests.pipeline import ROOT, Pipeline
from warehouse.errors import UserError
from warehouse.text import printable

SCALE = (0.5, 5.0)

MOVIES = [
    Movie(1, "Matrix, The (1999)", 259),
    Movie(2, "Matrix Reloaded, The (2003)", 82),
    Movie(3, "Toy Story (1995)", 247),
    Movie(4, "Toy Story 2 (1999)", 125),
    Movie(5, "Sabrina (1954)", 23),
    Movie(6, "Sabrina (1995)", 53),
    Movie(7, "Seven (a.k.a. Se7en) (1995)", 201),
    Movie(8, "Seven Samurai (Shichinin no samurai) (1954)", 63),
    Movie(9, "Godfather: Part II, The (1974)", 135),
    Movie(10, "Godfather, The (1972)", 200),
    Movie(11, "Lord of the Rings, The (1978)", 19),
    Movie(12, "Lord of the Rings: The Two Towers, The (2002)", 188),
    Movie(13, "2001: A Space Odyssey (1968)", 100),
    Movie(14, "Life Is Beautiful (La Vita è bella) (1997)", 99),
    Movie(15, "(500) Days of Summer (2009)", 40),
    Movie(16, "Monty Python and the Holy Grail (1975)", 145),
    Movie(17, "", 3),
    Movie(18, "$ (Dollars) (1971)", 1),
    Movie(19, "Human Centipede II (Full Sequence), The (2011)", 1),
]


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


def test_the_question_numbers_its_choices(monkeypatch: pytest.MonkeyPatch, titles: Titles) -> None:
    matches = titles.search("sabrina")
    answers = iter(["7", "2", "0"])
    monkeypatch.setattr("builtins.input", lambda *_: next(answers))
    console = Console(file=io.StringIO(), width=WIDTH)

    assert _ask(console, "my.csv, line 2: sabrina", matches) == matches[1].movie
    assert _ask(console, "my.csv, line 2: sabrina", matches) is None
    assert "  1  Sabrina (1995)\n  2  Sabrina (1954)\n" in console.file.getvalue()


def test_ids_are_checked_without_searching_titles() -> None:
    lines = [Line("here", "3", "", "4"), Line("there", "17", "", "1")]
    assert resolve(lines, MOVIES, SCALE) == {3: 4.0, 17: 1.0}


def shown(*parts: object) -> list[str]:
    console = Console(file=io.StringIO(), width=WIDTH)
    for part in parts:
        console.print(part)
    return console.file.getvalue().splitlines()


LONG = "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb (1964)"


def test_the_page_fits_eighty_columns() -> None:
    genres = "Action|Adventure|Animation|Children|Comedy|Fantasy"
    suggestions = [
        Suggestion(20, LONG, genres, f"because you rated {LONG} 5.0 and {LONG} 4.5", 4.3, 3.1, 5.0),
        Suggestion(1, "千と千尋の神隠し" * 6, "None", "popular", 4.3),
        Suggestion(1, "\x1b[31mred", "[/]", "because you rated \x1b[31mred 5.0", 4.3),
    ]
    lines = shown(
        rated_table([Rated(5.0, 4.7, LONG, genres), Rated(0.5, None, "A", "B")], 143),
        suggestion_table(suggestions, "Movies to see"),
        suggestion_table([Suggestion(1, LONG, genres, "popular")], "Movies to start with"),
    )
    assert max(cell_len(line.rstrip()) for line in lines) <= WIDTH
    text = "\n".join(lines)
    assert "\x1b" not in text and r"\x1b[31mred" in text
    assert "The 2 highest of 143 ratings" in text
    assert "4.3 (3.1-5.0)" in text
    assert "…" in text


def test_all_of_few_ratings_are_shown() -> None:
    assert shown(rated_table([Rated(5.0, None, "A", "B")], 1))[0].startswith("1 rating, ")


@pytest.fixture(scope="module")
def served(sample: Pipeline) -> Pipeline:
    return sample


@pytest.fixture
def ask_warehouse(
    served: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(served.warehouse))

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_a_user_sees_segment_ratings_and_recommendations(
    served: Pipeline, ask_warehouse: Callable[..., tuple[int, str, str]]
) -> None:
    status, page, errors = ask_warehouse("--user", "200")

    assert (status, errors) == (0, "")
    assert max(cell_len(line.rstrip()) for line in page.splitlines()) <= WIDTH
    ((name,),) = served.rows(
        "select name from predictions.segment_profiles inner join ml.user_segments"
        " using (run_id, segment) where user_id = 200"
    )
    assert name in page
    rows = served.rows(
        "select prediction, lower_bound, upper_bound, title, left(reason, 30)"
        " from predictions.current_recommendations where user_id = 200 order by rank"
    )
    assert len(rows) == 20
    _, _, below = page.partition("Movies to see next")
    for rank, (prediction, low, high, title, reason) in enumerate(rows, start=1):
        line = f"{rank:>2}  {prediction:.1f} ({low:.1f}-{high:.1f})  {readable_title(title)[:30]}"
        assert line in below
        assert reason in below
    shown = [line.strip() for line in page.splitlines()][5:25]
    expected = served.rows(
        "select rating, prediction, title from predictions.current_predictions"
        " inner join core.dim_movies using (movie_id) where user_id = 200"
        " order by rating desc, prediction desc, movie_id limit 20"
    )
    for line, (rating, prediction, title) in zip(shown, expected, strict=True):
        assert line.startswith(f"{rating:.1f}  {prediction:>9.1f}  {readable_title(title)[:30]}")


def test_without_ratings_the_start_list_is_shown(
    served: Pipeline, ask_warehouse: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "none.csv"
    path.write_text("movieId,rating\n")

    assert ask_warehouse() == ask_warehouse("--ratings", str(path))
    status, page, _ = ask_warehouse()
    assert status == 0
    for (title,) in served.rows("select title from analytics.start_list"):
        assert readable_title(title)[:40] in page


def test_somebody_new_is_folded_in(
    served: Pipeline, ask_warehouse: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "my.csv"
    path.write_text("title,rating\nthe godfather,5\ngoodfellas,5\ntoy story,2\n")

    status, page, errors = ask_warehouse("--ratings", str(path))

    assert (status, errors) == (0, "")
    assert max(cell_len(line.rstrip()) for line in page.splitlines()) <= WIDTH
    above, _, below = page.partition("Movies to see next")
    assert above.startswith("3 ratings, beside")
    assert "because you rated" in below and "The Godfather (1972) 5.0" in below
    listed = [line for line in below.splitlines() if line[:2].strip().isdecimal()]
    assert len(listed) == 20
    assert not any(
        f"  {rated}  " in line
        for line in listed
        for rated in ("The Godfather (1972)", "Goodfellas (1990)", "Toy Story (1995)")
    )


def test_the_same_ratings_as_a_users_give_much_the_same_predictions(
    served: Pipeline, tmp_path: Path
) -> None:
    """Folding in solves for the vector that training has approached."""
    from models_ml.recommend.newcomer import recommend
    from warehouse.publishing import models_folder

    ratings = dict(served.rows("select movie_id, rating from core.fct_ratings where user_id = 200"))
    expected = dict(
        served.rows(
            "select title, prediction from predictions.current_predictions"
            " inner join core.dim_movies using (movie_id) where user_id = 200"
        )
    )
    with served.connect() as connection:
        rated, suggestions = recommend(connection, models_folder(served.warehouse), ratings)
    assert len(suggestions) == 20
    differences = [row.prediction - expected[row.title] for row in rated]
    assert np.abs(differences).mean() < 0.3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--user", "999999"], "There is no user 999999: the warehouse has 671 users, 1 to 671."),
        (["--user", "root"], "USER=root is not the id of a user, which is a whole number."),
        (["--user", "-1"], "USER=-1 is not the id of a user"),
        (["--user", "9" * 30], "is not the id of a user"),
        (["--user", "1", "--ratings", "my.csv"], "Give USER or RATINGS, not both."),
        (["--ratings", "/nowhere/my.csv"], "/nowhere/my.csv cannot be read: No such file"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why_in_a_sentence(
    ask_warehouse: Callable[..., tuple[int, str, str]], arguments: list[str], message: str
) -> None:
    status, page, errors = ask_warehouse(*arguments)

    assert (status, page) == (1, "")
    assert message in errors
    assert errors.count("\n") == 1


def test_without_a_warehouse_the_page_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(tmp_path / "none.duckdb"))
    assert main(["--user", "1"]) == 1
    assert "`make build` makes one" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["user", "ratings"])
def test_without_models_the_page_says_what_to_do(
    served: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    kind: str,
) -> None:
    untrained = Pipeline(tmp_path)
    shutil.copyfile(served.warehouse, untrained.warehouse)
    with duckdb.connect(str(untrained.warehouse)) as connection:
        connection.execute("delete from ml.runs")
        connection.execute("delete from predictions.current_recommendations")
    (tmp_path / "my.csv").write_text("movieId,rating\n1,5\n")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(untrained.warehouse))

    assert (
        main({"user": ["--user", "1"], "ratings": ["--ratings", f"{tmp_path}/my.csv"]}[kind]) == 1
    )
    assert "`make train` fits it" in capsys.readouterr().err


def test_without_saved_models_the_page_says_what_to_do(
    served: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    moved = Pipeline(tmp_path)
    shutil.copyfile(served.warehouse, moved.warehouse)
    (tmp_path / "my.csv").write_text("movieId,rating\n1,5\n")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(moved.warehouse))

    assert main(["--ratings", f"{tmp_path}/my.csv"]) == 1
    assert "make train" in capsys.readouterr().err


def test_a_build_of_another_release_is_named(
    served: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    old = Pipeline(tmp_path)
    shutil.copyfile(served.warehouse, old.warehouse)
    with duckdb.connect(str(old.warehouse)) as connection:
        connection.execute("drop table predictions.current_recommendations")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(old.warehouse))

    assert main(["--user", "1"]) == 1
    assert "`make build` makes it anew" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["tensorflow", "sklearn", "scipy"])
def test_a_user_is_answered_without_heavy_imports(served: Pipeline, module: str) -> None:
    code = (
        "import sys; from models_ml.recommend.__main__ import main;"
        f" main(['--user', '1']); sys.exit({module!r} in sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=served.environment | {"REELHOUSE_WAREHOUSE": str(served.warehouse)},
        capture_output=True,
        check=True,
    )


def test_make_passes_user_and_ratings_on(served: Pipeline, tmp_path: Path) -> None:
    """USER is set on every machine: only what is given to make counts."""
    (tmp_path / "my.csv").write_text("movieId,rating\n858,5\n")

    assert served.make("recommend", USER=200).stdout.startswith("User 200: ")
    assert served.make("recommend").stdout.startswith("Movies to start with")
    assert served.make("recommend", RATINGS=tmp_path / "my.csv").stdout.startswith("1 rating, ")
