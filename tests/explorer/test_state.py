"""A page says which state it shows, and notices that another one was published."""

from datetime import datetime
from pathlib import Path

from explorer.state import State, file_identity, read_state
from tests.pipeline import Pipeline


def test_the_state_is_that_of_the_tables(sample: Pipeline) -> None:
    with sample.connect() as connection:
        state = read_state(connection)
    ((ratings, users, movies, loaded, trained),) = sample.rows(
        "select (select count(*) from core.fct_ratings), (select count(*) from core.dim_users),"
        " (select count(*) from core.dim_movies), (select max(loaded_at) from raw.loads),"
        " (select max(finished_at) from ml.runs)"
    )
    assert (state.rating_count, state.user_count, state.movie_count) == (ratings, users, movies)
    assert (state.loaded_at, state.trained_at) == (loaded, trained)


def test_it_is_said_in_a_line() -> None:
    moment = datetime(2026, 1, 2, 3, 4)
    counts = "1,000 ratings of 20 movies by 3 users"
    assert State("x", 1000, 3, 20, moment, moment).sentence() == (
        f"{counts}, loaded 2026-01-02 03:04 UTC; models trained 2026-01-02 03:04 UTC"
    )
    assert State("x", 1000, 3, 20, None, None).sentence() == f"{counts}; no models trained"


def test_a_file_that_takes_the_place_of_another_is_noticed(tmp_path: Path) -> None:
    file, new = tmp_path / "w.duckdb", tmp_path / "new"
    assert file_identity(file) is None
    file.write_text("a")
    before = file_identity(file)
    assert file_identity(file) == before
    new.write_text("a")
    new.replace(file)
    assert file_identity(file) not in (None, before)
