"""The command itself: the question it asks, what it says where it cannot answer, and make."""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from models_ml.recommend.__main__ import _ask, main
from models_ml.recommend.page import WIDTH
from models_ml.recommend.titles import Titles
from tests.models_ml.recommend.catalogue import MOVIES
from tests.pipeline import ROOT, Pipeline


def test_the_question_numbers_its_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    matches = Titles(MOVIES).search("sabrina")
    answers = iter(["7", "2", "0"])
    monkeypatch.setattr("builtins.input", lambda *_: next(answers))
    screen = io.StringIO()
    console = Console(file=screen, width=WIDTH)

    assert _ask(console, "my.csv, line 2: sabrina", matches) == matches[1].movie
    assert _ask(console, "my.csv, line 2: sabrina", matches) is None
    assert "  1  Sabrina (1995)\n  2  Sabrina (1954)\n" in screen.getvalue()


def test_without_a_warehouse_the_page_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(tmp_path / "none.duckdb"))
    assert main(["--user", "1"]) == 1
    assert "`make build` makes one" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["user", "ratings"])
def test_without_models_the_page_says_what_to_do(
    sample: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    kind: str,
) -> None:
    untrained = Pipeline(tmp_path)
    shutil.copyfile(sample.warehouse, untrained.warehouse)
    with duckdb.connect(str(untrained.warehouse)) as connection:
        connection.execute("delete from predictions.current_runs")
        connection.execute("delete from predictions.recommended_movies")
    (tmp_path / "my.csv").write_text("movieId,rating\n1,5\n")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(untrained.warehouse))

    assert (
        main({"user": ["--user", "1"], "ratings": ["--ratings", f"{tmp_path}/my.csv"]}[kind]) == 1
    )
    assert "`make train` fits it" in capsys.readouterr().err


def test_before_training_a_user_is_shown_what_to_do(
    beginning: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(beginning.warehouse))
    assert main(["--user", "1"]) == 1
    assert "`make train` fits it" in capsys.readouterr().err
    # What to start with needs no model
    assert main([]) == 0


def test_without_saved_models_the_page_says_what_to_do(
    sample: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    moved = Pipeline(tmp_path)
    shutil.copyfile(sample.warehouse, moved.warehouse)
    (tmp_path / "my.csv").write_text("movieId,rating\n1,5\n")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(moved.warehouse))

    assert main(["--ratings", f"{tmp_path}/my.csv"]) == 1
    assert "make train" in capsys.readouterr().err


def test_a_build_of_another_release_is_named(
    sample: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    old = Pipeline(tmp_path)
    shutil.copyfile(sample.warehouse, old.warehouse)
    with duckdb.connect(str(old.warehouse)) as connection:
        connection.execute("drop view predictions.current_recommendations")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(old.warehouse))

    assert main(["--user", "1"]) == 1
    assert "`make build` builds it again" in capsys.readouterr().err


def test_a_user_is_answered_without_heavy_imports(sample: Pipeline) -> None:
    code = (
        "import sys; from models_ml.recommend.__main__ import main;"
        " assert main(['--user', '1']) == 0;"
        " assert not {'tensorflow', 'sklearn', 'scipy', 'pandas', 'numpy'} & sys.modules.keys()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=sample.environment | {"REELHOUSE_WAREHOUSE": str(sample.warehouse)},
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("User 1: ")


def test_make_passes_user_and_ratings_on(sample: Pipeline, tmp_path: Path) -> None:
    """USER is set on every machine: only what is given to make counts."""
    (tmp_path / "my.csv").write_text("movieId,rating\n858,5\n")

    assert sample.make("recommend", USER=200).stdout.startswith("User 200: ")
    assert sample.make("recommend").stdout.startswith("Movies to start with")
    assert sample.make("recommend", RATINGS=tmp_path / "my.csv").stdout.startswith("1 rating, ")
