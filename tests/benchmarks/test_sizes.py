"""The page of all sizes: what is kept, how it is laid out, and that a delta is what it says."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks import sizes
from benchmarks.sizes import (
    Point,
    builds_table,
    in_words,
    keep,
    points_kept,
    questions_table,
    same_relations,
    trainings_table,
    write_delta,
    write_page,
)

FLOOR = Point("builds", 1_000_000, "floor", 2.0, 0.5, "", "abc", "2 cores")
PANDAS = replace(FLOOR, what="pandas", seconds=4.0)
BUILD = replace(FLOOR, what="build", seconds=8.0, note="all equal")
TRAINING = Point("trainings", 100_000, "training", 60.0, 1.5, "RMSE 0.8", "abc", "2 cores")
FIT = replace(TRAINING, what="fits of ease", seconds=4.4)
QUESTION = Point("questions", 25_000_000, "why", 0.25, 0, "", "abc", "2 cores")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("RESULTS", "PAGE", "PICTURE"):
        monkeypatch.setattr(sizes, name, tmp_path / getattr(sizes, name).name)
    return tmp_path


def test_points_take_the_place_of_those_of_their_part_and_size(folder: Path) -> None:
    keep([TRAINING])
    keep([FLOOR, PANDAS])
    other = replace(FLOOR, ratings=5_000_000)
    keep([other])
    keep([BUILD])
    assert points_kept() == [BUILD, other, TRAINING]


def test_builds_are_laid_out_as_ratios() -> None:
    lines = builds_table([FLOOR, PANDAS, BUILD]).splitlines()
    assert lines[-1] == "| 1 million | build | 8.0 | 4.0 | 2.00 | 0.50 | all equal |"


def test_a_training_is_laid_out_with_its_fits() -> None:
    lines = trainings_table([TRAINING, FIT]).splitlines()
    assert lines[-1] == "| 100,000 | 60 | 1.5 | ease 4 | RMSE 0.8 |"


def test_questions_come_the_slowest_first_and_say_what_they_lack() -> None:
    lacking = replace(QUESTION, what="who", seconds=0, note="asks for what a training makes")
    slow = replace(QUESTION, what="when", seconds=1)
    lines = questions_table([lacking, QUESTION, slow]).splitlines()
    assert lines[2:] == [
        "| when | 1.00 |",
        "| why | 0.25 |",
        "| who | asks for what a training makes |",
    ]


@pytest.mark.parametrize(
    ("ratings", "words"),
    [(100_000, "100,000"), (1_000_000, "1 million"), (32_000_000, "32 million")],
)
def test_sizes_in_words(ratings: int, words: str) -> None:
    assert in_words(ratings) == words


def test_the_page_holds_every_part_and_a_picture(folder: Path) -> None:
    keep([FLOOR, PANDAS, replace(BUILD, what="build of everything")])
    keep([TRAINING, FIT])
    keep([QUESTION])
    write_page()
    page = (folder / "README.md").read_text()
    assert "{" not in page
    for words in ("| build of everything |", "| ease 4 |", "| why |", "`abc`"):
        assert words in page
    assert (folder / "growth.svg").read_text().startswith("<svg")


def test_a_delta_has_new_users_ratings_given_again_and_late_ones(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select range // 40 as userId, range % 40 + 1 as movieId,"
            " 0.5 + range % 10 / 2 as rating, 1000000000 + range as timestamp"
            f" from range(40000)) to '{tmp_path}/ratings.csv' (header)"
        )
        connection.execute(
            f"copy (select range + 1 as movieId from range(40)) to '{tmp_path}/movies.csv' (header)"
        )
        write_delta(tmp_path, tmp_path / "delta.csv", 40_000)
        read = f"from read_csv('{tmp_path}/delta.csv')"
        ((count, new, lowest, highest),) = connection.execute(
            "select count(*), count(*) filter (userId >= 10000000), min(rating), max(rating)"
            f" {read}"
        ).fetchall()
        assert (count, new) == (200, 100)
        assert 0.5 <= lowest <= highest <= 5
        ((again,),) = connection.execute(
            f"select count(*) {read} semi join '{tmp_path}/ratings.csv' using (userId, movieId)"
        ).fetchall()
        assert again >= 50


def test_two_warehouses_are_compared_table_by_table(tmp_path: Path) -> None:
    for name, value in (("one", "1.0"), ("same", "1.0 + 1e-12"), ("other", "1.1")):
        with duckdb.connect(str(tmp_path / name)) as connection:
            connection.execute("create schema core; create schema quality")
            connection.execute(f"create table core.numbers as select {value}::double as x")
            connection.execute(f"create table quality.gate_results as select '{name}' as x")
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    assert same_relations(one, same) == "all 1 tables as of a build anew"
    assert same_relations(one, other) == "differ from a build anew: core.numbers"
