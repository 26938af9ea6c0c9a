"""The command line: one sentence for a mistake, never a traceback, and nothing slow for --help."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingest.__main__ import main
from tests.pipeline import ROOT, write_dataset

RATINGS = ["1,10,4.0,964982703", "1,20,2.5,964982224", "broken", "2,10,5.0,1445714835"]
MOVIES = ["10,Heat (1995),Action|Crime", '20,"Net, The (1995)",Thriller']


@pytest.fixture
def candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "candidate.duckdb"
    monkeypatch.setenv("REELHOUSE_CANDIDATE", str(path))
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def count(candidate: Path, relation: str) -> int:
    with duckdb.connect(str(candidate), read_only=True) as connection:
        ((count,),) = connection.execute(f"select count(*) from {relation}").fetchall()
    return int(count)


def test_a_folder_is_loaded_into_the_candidate(candidate: Path, tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "dataset", RATINGS, MOVIES)
    result = run("-m", "ingest", "--dataset", dataset)
    assert (result.returncode, result.stderr) == (0, "")
    assert "  movies: 2 lines\n  ratings: 4 lines, 1 did not parse\n" in result.stdout
    assert count(candidate, "raw.ratings") == 3
    assert count(candidate, "raw.rejected_lines") == 1


def test_a_limit_takes_the_first_ratings(candidate: Path, tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "dataset", RATINGS, MOVIES)
    assert main(["--dataset", str(dataset), "--limit", "2"]) == 0
    assert count(candidate, "raw.ratings") == 2


@pytest.mark.parametrize("name", ["[bold]", "[/bold]", "a folder with a long name " * 5])
def test_a_folder_is_shown_by_its_name(
    candidate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    dataset = write_dataset(tmp_path / name, RATINGS, MOVIES)
    assert main(["--dataset", str(dataset)]) == 0
    assert f"Loading {dataset / 'ratings.csv'}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"movies.csv": "movieId,title,genres\n1,Heat,Crime\n"}, "has no ratings: expected"),
        ({"movies.csv": "", "ratings.csv": ""}, "movies.csv is empty: expected movies in it."),
        ({"movies.csv": "movieId,title\n", "ratings.csv": ""}, "title: genres is missing."),
        ({"ratings.dat": "1::2::3", "ratings.csv": "x", "movies.dat": "1::2::3"}, "has both "),
        ({"ratings.csv.gz": "1,2,3", "movies.dat": "1::2::3"}, "ratings.csv.gz cannot be read: "),
        ({"ratings.parquet": "1,2,3", "movies.dat": "1::2::3"}, "parquet cannot be read: "),
    ],
)
def test_a_faulty_dataset_is_one_sentence(
    candidate: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    sentence: str,
) -> None:
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    for name, text in files.items():
        (dataset / name).write_text(text)
    assert main(["--dataset", str(dataset)]) == 1
    message = capsys.readouterr().err
    assert message.startswith(str(dataset))
    assert sentence in message
    assert message.count("\n") == 1


def test_a_mistake_shows_no_traceback(candidate: Path, tmp_path: Path) -> None:
    result = run("-m", "ingest", "--dataset", tmp_path / "nowhere")
    assert result.returncode == 1
    assert result.stdout.strip() == ""
    assert result.stderr.startswith("There is no dataset or folder named ")
    assert result.stderr.count("\n") == 1


def test_a_candidate_that_cannot_be_opened_is_one_sentence(
    candidate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = write_dataset(tmp_path / "dataset", RATINGS, MOVIES)
    candidate.write_text("not a warehouse")
    assert main(["--dataset", str(dataset)]) == 1
    assert capsys.readouterr().err.startswith(f"{candidate} is not a DuckDB file")
    assert candidate.read_text() == "not a warehouse"


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5", "1e6"])
def test_a_limit_is_a_whole_number(capsys: pytest.CaptureFixture[str], limit: str) -> None:
    assert main([f"--limit={limit}"]) == 1
    said = capsys.readouterr().err
    assert said == f"LIMIT={limit}: it must be a whole number of 1 or more.\n"


def test_help_imports_nothing_slow() -> None:
    slow = {"pandas", "tensorflow", "great_expectations", "sklearn", "dbt"}
    code = (
        "import atexit, sys; from ingest.__main__ import main;"
        f" atexit.register(lambda: print('slow:', *sorted({slow} & sys.modules.keys())));"
        " main(['--help'])"
    )
    result = run("-c", code)
    assert result.returncode == 0
    assert result.stdout.startswith("usage: python -m ingest")
    assert result.stdout.endswith("slow:\n")
