"""What a user of the warehouse sees, and somebody who has rated nothing."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from models_ml.lists.words import readable_title
from models_ml.recommend.page import WIDTH
from tests.models_ml.recommend.conftest import Ask
from tests.pipeline import Pipeline


def test_a_user_sees_segment_ratings_and_recommendations(
    sample: Pipeline, ask_warehouse: Ask
) -> None:
    status, page, errors = ask_warehouse("--user", "200")

    assert (status, errors) == (0, "")
    assert max(cell_len(line.rstrip()) for line in page.splitlines()) <= WIDTH
    ((name,),) = sample.rows(
        "select name from predictions.segment_profiles inner join ml.user_segments"
        " using (run_id, segment) where user_id = 200"
    )
    assert name in page
    rows = sample.rows(
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
    expected = sample.rows(
        "select rating, prediction, title from predictions.current_predictions"
        " inner join core.dim_movies using (movie_id) where user_id = 200"
        " order by rating desc, prediction desc, movie_id limit 20"
    )
    for line, (rating, prediction, title) in zip(shown, expected, strict=True):
        assert line.startswith(f"{rating:.1f}  {prediction:>9.1f}  {readable_title(title)[:30]}")


def test_without_ratings_the_start_list_is_shown(
    sample: Pipeline, ask_warehouse: Ask, tmp_path: Path
) -> None:
    path = tmp_path / "none.csv"
    path.write_text("movieId,rating\n")

    assert ask_warehouse() == ask_warehouse("--ratings", str(path))
    status, page, _ = ask_warehouse()
    assert status == 0
    for (title,) in sample.rows("select title from analytics.start_list"):
        assert readable_title(title)[:40] in page


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
    ask_warehouse: Ask, arguments: list[str], message: str
) -> None:
    status, page, errors = ask_warehouse(*arguments)

    assert (status, page) == (1, "")
    assert message in errors
    assert errors.count("\n") == 1
